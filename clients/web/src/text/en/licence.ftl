## Dealing with the licence
licence-fee = Fee
licence-fee-year = { $yen } yen a year with tax
licence-years = Years
licence-consent = terms { $version }, agreed by { $user }
licence-terms = Terms, version { $version }
licence-agree = I have read the terms, version { $version }, and agree to them
licence-pay-by = Paid by
licence-make-automatic = Renew it by itself on its last day
licence-apply = Apply
licence-renew = Renew
licence-turn-on = Renew by itself
licence-turn-off = Do not renew by itself any more
licence-no-terms = No terms are published yet, so nothing can be applied for. Ask the operator of the gateway.
licence-soon = { $count ->
    [one] The licence ends in one day.
   *[other] The licence ends in { $count } days.
}
licence-soon-automatic = It is renewed by itself on the last day; there is nothing to do.
licence-soon-terms = The terms have changed, so it is not renewed by itself. Read the new ones and renew below.
licence-soon-next = Renew it below.
licence-over = The licence has ended.
licence-over-next = The office neither sends nor receives. What has arrived can be collected, and evidence read. Renew it below.
licence-stopped = The licence is suspended.
licence-not-agreed = There is no tick for your consent, or no way of payment was chosen.
licence-not-agreed-next = Read the terms and tick that you agree.
licence-applied-toast = Applied.
licence-renewed-toast = Renewed.
licence-on-toast = It will be renewed by itself.
licence-off-toast = It will not be renewed by itself any more.

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
licence-soon-terms = The terms have changed, so it is not renewed by itself. { $at ->
    [screen] Read the new ones and renew it on the page Licence.
   *[terminal] Read the new ones and renew it: fumibako licence renew.
}
licence-soon-next = { $at ->
    [screen] Renew it on the page Licence.
   *[terminal] Renew it: fumibako licence renew.
}
licence-over = The licence has ended.
licence-over-next = The office neither sends nor receives. What has arrived can be collected, and evidence read. { $at ->
    [screen] Renew it on the page Licence.
   *[terminal] Renew it: fumibako licence renew.
}
licence-never = No licence was applied for yet.
licence-never-next = To send and receive, agree to the terms and apply. { $at ->
    [screen] Both is done on the page Licence.
   *[terminal] Read the terms and apply: fumibako licence apply.
}
licence-awaited = The licence has not begun yet; it does on { $day }.
licence-awaited-next = Until then nothing is sent or received. If it is urgent, contact the operator of the gateway.
licence-no-consent = Nobody has agreed to the terms yet.
licence-no-consent-next = The licence counts until it ends, all the same. It can be renewed from { $day } on. { $at ->
    [screen] Read the terms then on the page Licence, and agree to them.
   *[terminal] Read the terms then and agree to them: fumibako licence renew.
}
licence-changed = The terms have changed, so it will not be renewed by itself as it stands.
licence-changed-next = From 60 days before the end on, { $at ->
    [screen] read the new ones and renew it on the page Licence.
   *[terminal] read the new ones and renew it: fumibako licence renew.
}
licence-owed = The fee is not paid yet.
licence-owed-billed = The fee was billed.
licence-owed-deduction = It is deducted from the care benefit; there is nothing to do.
licence-owed-pay = Pay by the day on the bill. If this stays after you paid, contact the operator of the gateway.
licence-owed-bill = Pay by the day on the bill once that comes. If none comes, contact the operator of the gateway.
licence-owed-how = How it is paid is not settled. Ask the operator of the gateway.
licence-stopped = The licence is suspended. Reason: { $why }
licence-stopped-next = The office neither sends nor receives. What has arrived can be collected, and evidence read. Ask the operator of the gateway how it can go on.
licence-not-agreed = There is no tick for your consent, or no way of payment was chosen.
licence-not-agreed-next = Read the terms and tick that you agree.
licence-applied-toast = Applied.
licence-renewed-toast = Renewed.
licence-on-toast = It will be renewed by itself.
licence-off-toast = It will not be renewed by itself any more.

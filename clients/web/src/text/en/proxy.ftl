## Acting for offices, and mandates
offices = { $count ->
    [one] { $count } office
   *[other] { $count } offices
}
mandates-all = See the mandates
agent-id = Agent
withheld = Saved
withheld-why = The office itself returns the receipt.
barred = Cannot be sent
send-proxy = Send on behalf
principal-short = For
sent-for = From: 
mandate-over = Ended
mandates = Mandates (agents)
mandates-hint = What agents may send and receive for this office. Granting and revoking are signed with its certificate.
mandates-hint-agent = What offices let you send and receive for them. Until you confirm, you cannot act.
mandates-none = You have granted no mandate.
mandates-none-agent = There is no mandate. Once an office grants one, it stands here.
mandates-wait = { $count ->
    [one] A mandate waits for you
   *[other] { $count } mandates wait for you
}
mandates-wait-next = Read and confirm it; then you can act.
agent = Agent
mandate-scopes = Scopes
mandate-limits = Limits
mandate-no-limits = none
mandate-period = From, until
mandate-state = State
mandate-do = Do
mandate-paper = On paper, registered by the operator
mandate-confirm = Confirm
mandate-revoke = Revoke
mandate-sign = Sign
mandate-from = First day
mandate-until = Last day (it still counts)
mandate-kinds = Only these kinds
mandate-with = Only with these offices (their numbers)
mandate-first-month = From this service month
mandate-last-month = To this service month
scope-send = Sends in the office's name: from the office, signed by the agent.
scope-receive = Sees what arrives, and saves it.
scope-acknowledge = Returns receipts. Without it the office does.
scope-status = Sees how far it came, and the evidence.
grant = Grant a mandate
grant-hint = Only sending and receiving can be delegated: no mandates, licences, certificates or passwords.
grant-limits-hint = Where nothing is chosen there is no limit.
grant-look = Look at it
grant-mend = Mend it, and press "Look at it" again.
grant-no-agent = That is no agent's ID: it begins with a letter.
grant-no-scope = Choose one scope or more.
grant-no-day = Give the first and the last day.
grant-no-kind = There is no such kind.
grant-no-office = That is no office number: it has 10 characters.
grant-no-month = That is no service month.
grant-ask = This mandate is granted
grant-ask-note = It is signed with the certificate of { $name }. It begins once the agent confirms it, and can be revoked at any time.
confirm-ask = This mandate is confirmed
confirm-ask-note = It is signed with the certificate of { $name }.
revoke-ask = This mandate is revoked
revoke-ask-note = The agent is refused from its next command on. What was accepted before still arrives.
revoke-ask-note-agent = From the next command on you no longer act for this office.
granted-toast = Granted. It begins once the agent confirms it.
confirmed-toast = Confirmed.
revoked-toast = Revoked.
acts = What agents did
acts-none = No agent has sent anything.
act-at = When
act-what = What
act-sent = Sent to { $to }

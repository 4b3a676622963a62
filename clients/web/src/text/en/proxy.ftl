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
grant-half-months = Give both the first and the last service month, or neither.
grant-wrong = { $count ->
    [one] One thing is to be put right
   *[other] { $count } things are to be put right
}
grant-day-order = The last day is before the first day.
grant-month-order = The last month is before the first month.
grant-many-offices = At most 500 offices can be named.
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
acts-hint = What agents did for this office, and changes of its mandates. If you do not recognise something, revoke the mandate in the list above.
acts-none = Nobody acted for this office.
acts-older = Older ones
acts-since = The gateway cannot be asked now. What is below is as of { $at }.
acts-sent-alone = The gateway cannot be asked now. What is below is only what the list of what was sent shows.
acts-not-these = The gateway cannot be asked now, so older ones are not shown. Open the page again in a while.
acts-newest = Back to the newest
act-at = When
act-what = What
act-sent = Sent to { $to }

## はじめの設定
setup = First settings
setup-hint = Have your papers and files at hand. Nothing is sent before you save.
setup-step-apply = Application
setup-step-install = Program
setup-step-certificate = Certificate
setup-step-fill = Settings
setup-step-test = Test
setup-gateway = Name of the gateway
setup-gateway-hint = You were told it when you applied.
setup-domain = What stands after the @ of mail addresses
setup-party = Office number (agents: their ID)
setup-login = User ID
setup-password = Password
setup-pin = Password of the certificate's file
setup-identity = File with certificate and private key (PKCS#12 or PEM)
setup-trust = Authorities of office certificates (PEM)
setup-tls-ca = Authorities of the gateway's certificate (PEM)
setup-submission-port = Port of submission
setup-imap-port = Port of IMAP
setup-https-port = Port of HTTPS
setup-more = More (seldom changed)
setup-optional = optional
setup-kept = given
setup-chosen = Chosen:
setup-go = Save and test
setup-good = All was tested and works.
setup-bad = The settings are saved, but something does not work yet. Mend what its lines say, and check again.
setup-mend = Change the settings
setup-start = Begin
setup-wrong = { $field } is not as it must be.
setup-wrong-next = Mend it and press once more. Whatever else you gave is kept.
setup-pin-needed = This certificate has a password. Type it behind the file and press once more.
setup-pin-wrong = The password of the certificate's file is wrong. Type it again and press once more. The issuer gave it to you with the certificate.
setup-identity-wrong = Choose the file that the issuer gave you, with the certificate and its private key (PKCS#12 or PEM).
setup-exists-next = The settings or the key of another office may be there already. Move them to another folder, delete nothing, and press once more. If in doubt, ask the operator of the gateway.

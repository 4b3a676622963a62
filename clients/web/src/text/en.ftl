### Texts of the screens. Words that users know from manuals stand in Japanese in the other file.

## On every screen
system-name = care-plan data exchange
skip = Skip to content
menu = Menu
more = More
stopped = Fumibako has stopped. Start it again, open the new link and log in. Drafts that were saved are kept.
answer-title = That was not done
answer-401 = This page is not logged in any more. Start Fumibako once more, open the new link and log in. What you typed here stays.
answer-403 = This page is too old. Copy what you typed, then load the page again.
answer-409 = This letter was sent already, or waits to be sent. What you wrote here since is not saved and not sent. To send it, copy your words into a new message.
answer-413 = The files are too large to be taken. Make the PDF smaller, or add them in parts.
answer-507 = It could not be saved. Load the page anew: it says why, and what to do. Note what you typed first.
answer-other = Fumibako refused to do this. Load the page again and do it once more.
no-page = There is no such page
office-number = Office number
letters = Text
size-standard = Standard
size-large = Large
size-largest = Largest
link-unknown = Checking
link-online = Connected
link-offline = No connection (sending waits)
link-refused = Not usable
home = Home
inbox = Received
sent = Sent
compose = New
drafts = Drafts
batch = Send many
logout = Log out
directory = Find an office
proxy = Send for others
licence = Licence
doctor = Check this computer
count-inbox = not fetched yet
count-drafts = drafts
count-batch = not sent yet
to-home = To the home page
back = Back
cancel = Cancel
none = None
choose = Choose
choose-row = Choose { $name } { $at }
tick-all = Choose all
tick-none = Choose none
remove = Remove
edit = Edit
update = Update
refresh = Refresh
send = Send
print = Print
days-soon = Soon
days-kept = Still kept
days-left = { $count ->
    [one] { $count } day left
   *[other] { $count } days left
}
of-month = of { $year }-{ $month }
files = { $count ->
    [one] { $count } file
   *[other] { $count } files
}
items = { "" }

## Login
login = Log in
login-why = Log in to open this computer's screens.
locked = Nothing happened for a while, so the screen was locked. What you typed is kept. Log in to go on.
user-id = User ID
user-id-hint = Enter your user ID
password = Password
password-hint = Enter your password
reveal = Show
conceal = Hide
login-hint = The user ID and password that you use for electronic claims.
login-wrong = The user ID or the password is wrong. Mind capital and small letters and try again; who forgot it asks the gateway's operator for a temporary one.
login-wait = { $count ->
    [one] Too many wrong tries: you can log in again in { $count } minute. Wait, then log in once more.
   *[other] Too many wrong tries: you can log in again in { $count } minutes. Wait, then log in once more.
}
opening = Opening Fumibako
opening-next = If nothing happens, press “To the home page”.
link-used = This link does not work
link-used-next = A link works once. Start Fumibako again and open the new link.

## Home
available = The system can be used.
available-now = It is working normally.
asking = Checking whether the system can be used.
asking-more = The answer shows here soon. Drafts can be written now.
unavailable = The system cannot be used.
stop-now-title = The system is stopped.
stop-now = It is stopped until { $until }. Nothing can be sent or received in that time.
stop-now-next = Wait until it is over. Drafts can be written now.
soon-title = Data will be deleted soon
soon-line = What arrived from { $name } on { $day } is deleted from the server in { $count } days.
soon-line-now = What arrived from { $name } on { $day } is deleted from the server soon.
soon-go = Fetch it from the list
lost-title = Data expired before it was fetched
lost-sent = What was sent to { $name } on { $day } expired before the other side fetched it, and is deleted.
lost-sent-unopened = What was sent to { $name } on { $day } expired after the other side fetched it and could not open it, and is deleted. First ask that office to check its certificate and keys.
lost-sent-next = If it is still needed, tell the other side and send the files again with “New”. It goes from here once the same files were sent again; files that were made anew may be other data, and then it stays for 30 days after the end.
lost-sent-go = See the list of what was sent
lost-inbox = What arrived from { $name } on { $day } expired before it was fetched here, and is deleted.
lost-inbox-next = If you need it, ask the sender to send it again.
lost-inbox-go = See the list of what arrived
lost-more = { $count ->
    [one] One more expired.
   *[other] { $count } more expired.
}
missing-title = The gateway has no record of data that was sent
missing-sent = What was sent to { $name } on { $day } was taken in by the gateway, which has no record of it any more, as after it was restored from a backup.
missing-more = { $count ->
    [one] One more is missing.
   *[other] { $count } more are missing.
}
missing-next = Ask the other side whether it came. If it did not, send the files again with “New”. It goes from here once the same files were sent again.
doors = Main screens
door-home = See how things stand now
door-inbox = Received, not fetched yet
door-sent = Sent, not fetched by the other side
door-compose = Send to one office
door-drafts = Unfinished drafts
door-batch = Send to many offices at once
failed-go = { $count } could not be sent. See "Send many".
notices = Notices
no-notices = There are no notices.
stop-near = The system stops from { $from } to { $until }. Nothing can be sent in that time; send what is urgent before.
notice-stop = Stop
notice-important = Important
notice-other = Notice
unread = Unread
office-state = This office
state-licence = Licence
state-certificate = Certificate
state-checked = Last check for mail
state-folder = Save folder
until-day = until { $day }
not-yet = not yet
notify-me = Tell me of new data on this computer
notify-no = Stop telling me of new mail
certificate-soon = { $count ->
    [one] The certificate ends in { $count } day.
   *[other] The certificate ends in { $count } days.
}
certificate-soon-next = Renew your certificate for electronic claims and set the new one in Fumibako. After its end nothing is sent or received.

## Received
inbox-hint = Light green rows have not been fetched to this computer yet.
as-of = The list below is as of { $at }.
gone-unfetched = Nobody fetched it before its time ended, and the server deleted it. Ask the sender to send it again.
inbox-empty = Nothing has arrived. Refresh looks whether something is there now.
fetch = Fetch
fetch-all = Fetch all that is new
taken-state = Fetched
received-at = Received
from-office = From
from-office-id = From (office ID)
message = Message
kinds-and-names = Kind and file name
kept-at-server = On the server
not-taken = Not yet
fresh = New
taken = Done
elsewhere-why = Fetched on another computer; this one cannot show what is in it
owed = Saved; the receipt was not sent
owed-next = Then press "Fetch" once more: the receipt alone is sent anew. After the end of its time it is sent by itself.
owed-waits = Saved; the receipt waits
owed-waits-why = It is sent once the connection is back
gone = Expired
distrusted = Not trusted
by-agent = (by { $agent })
only-new = New only
filter-office = Office
filter-month = Month
filter = Filter
filter-off = Show all
filter-shown = { $count } shown
filter-none = Nothing fits. Change what you look for, or show all.
arrived = New data has arrived. Not fetched yet: { $count }.
nothing-new = Nothing new.
new-arrived = { $count ->
    [one] { $count } new message arrived.
   *[other] { $count } new messages arrived.
}
save-what = { $count ->
    [one] { $count } message
   *[other] { $count } messages
} ({ $files ->
    [one] { $files } file
   *[other] { $files } files
}) will be saved on this computer.
save-folder = Save folder
save-hint = Once saved, the state becomes "Done" and the sender is told. No file is ever overwritten.
save-now = Save
save-now-make = Save (make the folder)
folder-make = There is no such folder. Shall it be made?
folder-missing = There is no such save folder.
folder-missing-next = See that it is typed as it should be, and that its drive is connected. To make it, press "Save" once more.
folder-relative = Only a part of the save folder's place is written there.
folder-relative-next = Write all of it, from the drive on, such as C:\plans\received.
saved-title = Saved
saved-where = Saved in:
saved-next = Next, import the files of this folder into your care software, oldest first.
saved-toast = { $count ->
    [one] { $count } message saved.
   *[other] { $count } messages saved.
}
saved-before = { $count ->
    [one] The other message is saved and need not be saved once more.
   *[other] The other { $count } messages are saved and need not be saved once more.
}
saved-earlier = { $count ->
    [one] { $count } message was saved earlier, and nothing was saved anew. Its files are in { $folder }.
   *[other] { $count } messages were saved earlier, and nothing of them was saved anew. The first one's files are in { $folder }.
}
saved-owed = { $count ->
    [one] But the receipt of { $count } message was refused; see why in its row.
   *[other] But the receipts of { $count } messages were refused; see why in their rows.
}
choose-first = Nothing is chosen.
choose-first-next = Tick the boxes at the left of the list.
received-detail = Received message
signature = Signature
signature-holds = Signature verified
issued-by = Issued by:{ " " }
signed-at = Signed:{ " " }
was-sealed = It was encrypted
was-signed-only = It was not encrypted (signed only)
attached-csv = Attached files (CSV)
attached-other = Attached files (PDF and others)
kept-until = Kept on the server
not-here = Care plans cannot be printed or changed here. Fetch them and open them in your care software.
receipt = Receipt

## Sent
sent-hint = It says "fetched" once the other side has fetched it to a computer.
sent-empty = Nothing has been sent. Send a new one, or a batch.
sent-at = Sent
to-office = To
file = Files
way = How far it came
way-accepted = Accepted
way-delivered = Delivered
way-taken = Fetched
way-taken-regional = Fetched beyond
way-failed = Not opened there
way-handed-over = Handed over
way-handed-over-regional = Handed to the regional service
step-done = (done)
step-open = (not yet)
refused = Refused
note-taken = fetched
note-waits = { $count ->
    [0] Waiting for the other side (sent today)
    [one] Waiting for the other side ({ $count } day)
   *[other] Waiting for the other side ({ $count } days)
}
note-waits-long = Waiting for the other side ({ $count } days). Tell them by telephone.
sent-days-left = { $count ->
    [one] Erased in { $count } day.
   *[other] Erased in { $count } days.
}
sent-days-soon = Erased soon.
sent-days-kept = Still kept.
note-handed-over = Handed to the other side's mail program (without a receipt)
note-handed-over-regional = Handed to the door of the regional service, which tells when it was fetched beyond
note-expired = Expired without being fetched. Our copy is gone from the server, too: if it is still needed, tell the other side and write it anew.
note-expired-unopened = Expired after it was fetched and did not open. Our copy is gone from the server, too.{" "}
note-gone = Its time is over and the server deleted it. Whether it was fetched tell the receipts and reports that came.
way-missing = No record
note-missing = The gateway has no record of it, as after it was restored from a backup. Ask the other side whether it came; if it did not, send it again with “New”.
note-here = Waiting on this computer to be sent
send-again = Send again
withdraw = Withdraw
withdraw-message = This withdraws the data sent at { $at }.
withdraw-none = No withdrawal can be made of it.
withdraw-none-next = The standard has no delete for this kind of data, or it is one itself. Tell the other office by telephone.
keeps-inbox = { $count ->
    [one] The server keeps data for { $count } day after it arrived; fetch it before.
   *[other] The server keeps data for { $count } days after it arrived; fetch it before.
}
keeps-sent = What is not fetched within { $count } days is deleted by the server, and marked as expired.
told-sender = The sender was told automatically that it does not open.
proof-record = Record of acceptance and delivery
proof-handed-over = Record of the handover
proof-not-opened = Proof that it could not be opened
proof-expired = Proof of expiry
proof-unseen = The gateway's evidence cannot be checked just now
proof-doubted = The gateway's evidence cannot be checked
proof-none = Until it is, this page is no receipt and proves nothing; what follows is what the list says.
fact-signed-at = Signed at (as the signer says)
fact-signed-by = Holder of the certificate
fact-signed-cert = Fingerprint of that certificate (SHA-256)
fact-signed-clock = Note
fact-unseen = Not looked at in this file alone
fact-signed-agent = Signed by the agent
receipt-hint = Print it as a record for inspections.
proof-file = Save the proof file
proof-hint = What proves it is not this page but the proof file. It records when the data went from which office to which, and what became of it, and years later it can still be shown that nobody changed it. Keep it with what you print, and give inspectors the file itself when they ask.
proof-verify = For a specialist who verifies it, without a network:
fact-state = State
fact-message-id = Message ID
fact-evidence = Acceptance number
evidence-in-file = It stands in the proof file
evidence-none = None
sent-toast = Sent.
no-draft-toast = There is no such draft any more. What was sent is in this list.
letter-went = This letter was sent already, or waits to be sent.
letter-went-next = What was sent is in the list of sent data, or under "Send many". What you write here and save or send becomes a draft of its own.
letter-went-moved = What was sent stays as it is. Only what you just wrote, and files you just added, are in this new draft; the files from before are not.
waits-toast = It waits, and is sent when the connection is back.
waits-listed-toast = It waits in this list, and is sent when the connection is back.

## New, and confirmation
compose-hint-1 = This screen sends to one office. For several, use{ " " }
compose-hint-2 = .
drop-here = Drop files here
drop-or = or
choose-files = Choose files
add-files = Add the chosen files
uploading = Adding files
drop-hint-new = CSV of tables 1, 2, 6 and 7; PDF such as table 3
drop-hint-edit = PDF such as table 3, more CSV
drop-hint-batch = CSV of tables 1, 2, 6 and 7 (any number, or whole folders)
to-number = To (office number)
to-by-csv = Filled in when you add a CSV file.
principal = On behalf of
message-hint = What used to stand on the fax cover
keep-draft = Save as draft
unsaved-draft = The draft is not saved.
saved-draft = Saved as a draft.
kept-toast = Saved. Go on from the drafts.
reach-yes = Can receive
reach-unknown = Registration not checked
reach-suspended = Suspended
reach-no = Not registered
left-out = { $count ->
    [one] { $count } file could not be added
   *[other] { $count } files could not be added
}
move-to-batch = Move to "Send many"
moved-toast = Moved to "Send many".
left-other-office = It goes to another office ({ $office }). One message goes to one office.
left-other-office-next = Use "Send many", or send it in a message of its own.
left-other-sender = Its name says that another office sends it ({ $office }).
left-other-sender-next = Choose files that your care software exported for this office.
left-unknown = The name is not one of the care-plan standard.
left-unknown-next = Choose it under the name that your care software gave it.
left-unread = This file cannot be read: another program uses it, or you may not read it.
left-unread-next = Close the program that has it open, such as the care software, and add it once more.
left-deep = This folder lies too deep; the files in it were not added.
left-deep-next = Drop this folder itself, or choose the files in it.
left-empty = It is empty (0 bytes).
left-empty-next = Export it again.
left-twice = A file of this name is there already.
left-twice-next = To replace it, remove the file in the list first.
left-not-csv = Only CSV files can be added here.
left-not-csv-next = Add it with "Edit" in the list.
left-many = At most 100 files go at once.
left-many-next = Send them in parts.
left-large = It is too large. At most { $count } MB go at once.
left-large-any = It is larger than the gateway takes.
left-large-next = Make the PDF smaller, or send in parts.
need-csv = There is no destination yet.
need-csv-next = Add a CSV file whose name holds the office number.
confirm = Confirm
partner-number = To (office number)
confirm-question = Send this?
confirm-changed = After you confirmed it, this letter was changed in another window. Nothing was sent yet. Please look at it as it is now.
send-anyway = Send all the same
check-found = { $count } departures from the standard. The other side's software may not import it. Mend it in your software and replace the files, or send it as it is.

## Drafts
drafts-hint = Unfinished messages. They stay here even when the original files are deleted.
drafts-empty = There are no drafts. What you begin to write stays here.
saved-at = Saved
actions = Actions
removed-toast = Removed.
bound-remove = It is waiting to be sent and cannot be removed.
bound-edit = It is waiting to be sent and cannot be changed.
bound-next = Wait until it was sent or has failed. A row that waits goes out, even if it has not yet.

## Send many
batch-hint = CSV files only. PDFs are added with "Edit" afterwards.
batch-edit = Edit one of many
batch-empty = No files yet. Add CSV files, and they are sorted by destination.
ticked = Chosen
ticked-unit = { "" }
to-name = Destination
written-at = Written
file-name = File names
file-kind = Kind
kind-register = Add
kind-delete = Delete
kind-other = Other
file-register = Adds data
file-delete = Deletes data
has-kind = yes
result = Result
unsent = Not sent
waiting = Waiting
sending = Sending...
done = Sent
failed = Failed
stopped-row = Stopped
doubted = To be checked
doubted-rows = Rows that are not as the standard has it were not sent.
doubted-rows-next = Read what stands below those marked "To be checked". Mend them in the care software and replace the files, or press "Send all the same" there.
sends-later = Sent when the connection is back
send-batch = Send the chosen
same-message = One message for all chosen rows
same-message-set = Set the message
message-empty = There is no message.
message-empty-next = Write it under "One message for all chosen rows", then press once more. To take a message off a row, edit that row.
progress-state = State
progress = { $done } of { $all } finished ({ $good } sent, { $bad } failed)
progress-stopped = { $done } of { $all } finished ({ $good } sent, { $bad } failed, { $stopped } stopped)
progress-ended = Sending has ended.
progress-stopping = Stopping, once the one in flight has gone.
progress-kept = What failed or was stopped stays in the list. Look at the reason, tick it and send it once more.
stop = Stop

## For others
proxy-hint = Sender and recipient are read from the file names. Without a mandate nothing is sent.
principals = On behalf of
all-principals = All
proxy-chip = Agent

## Directory
directory-hint = Find offices to exchange data with, by number, name, kana or municipality.
directory-query = Number, name, kana or municipality
search = Search
directory-none = Nothing found. Try a part of the number or name.
directory-more = There are more. Add a part of the number, name or municipality to narrow it down.
office = Office
service-kinds = Service kinds
can-receive = Receives
regional = Regional service

## Licence
licence-hint = How it stands, how far it is paid; apply and renew here.
licence-end = Valid until
licence-payment = Payment
licence-renewal = Renewal
licence-none = Not applied for
licence-in-force = In force
licence-ending = Ends soon
licence-ended = Ended
licence-suspended = Suspended
licence-paid = Paid
licence-billed = Billed
licence-unpaid = Not paid
licence-by-deduction = Deducted from the care benefit
licence-by-invoice = By bank transfer
licence-automatic = Renewed by itself
licence-by-hand = Renewed by hand
licence-price = A licence costs 21,000 yen with tax for one office number and one year; n years cost n × 21,000 yen, paid year by year.
licence-each = A corporation with several office numbers needs one for each.
licence-pay = It is deducted from the care benefit or paid by bank transfer. Tell the federation of changes.
licence-both = Sender and recipient must both be registered.
licence-certificate = A certificate for care insurance claims is used as it is; otherwise a free one is issued.

## Check
doctor-hint = If something does not work, tell the call centre what stands here.
doctor-good = Good
doctor-bad = To do
doctor-again = Check again
check-settings = Settings
check-certificate = Certificate
check-folder = Save folder
check-gateway = Gateway
check-login = User ID and password
check-kept = Drafts
check-space = Disk space
check-clock = Clock
check-submission = Connection for sending
check-mailbox = Connection for receiving, and login
check-licence = Licence
seen-licence = In force until { $seen }
seen-settings = Could be read ({ $seen })
seen-certificate = Valid until { $seen }
seen-folder = Can be written ({ $seen })
seen-gateway = { $seen } answered
seen-login = Set ({ $seen })
seen-kept = Can be kept, encrypted
seen-space = { $seen } MiB could be written
seen-clock = { $seen } seconds apart from the gateway
seen-submission = { $seen } answered
seen-mailbox = Logged in
wrong-ends = The certificate ends soon ({ $seen } days).
wrong-ends-next = Get a new certificate before that day and set it up.
wrong-clock = This computer's clock is { $seen } seconds off.
wrong-clock-next = Let the computer set its date and time by itself.

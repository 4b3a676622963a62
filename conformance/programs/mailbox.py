"""Python's imaplib against the gateway's mailboxes: a whole session of the recipient, and one of the sender."""

import datetime
import imaplib
import re
import smtplib

from world import World, has, header, holds

FOLDERS = {"INBOX", "Sent", "Drafts", "Receipts", "Archive", "Trash", "Notices"}
DRAFT = b"From: a@plans.example\r\nSubject: draft\r\n\r\nnot sent yet\r\n"


def ok(answer, sentence=None):
    """The data of a command that was answered OK."""
    state, data = answer
    if sentence or state != "OK":
        holds(sentence or f"OK rather than {data!r}", state, "OK")
    return data


def opened(world, office):
    """A logged-in connection, TLS from the first byte."""
    session = imaplib.IMAP4_SSL(world.host, world.ports["imaps"], ssl_context=world.tls, timeout=30)
    ok(session.login(office["login"], office["password"]))
    return session


def logins(world):
    """Every way in, and no other (Profile §12.2)."""
    session = imaplib.IMAP4(world.host, world.ports["imap"], timeout=30)
    holds("no login is offered in clear", "LOGINDISABLED" in session.capabilities)
    try:
        session.login(world.recipient["login"], world.recipient["password"])
        holds("a password in clear is refused", False)
    except imaplib.IMAP4.error as refusal:
        has("a password in clear is refused", str(refusal), "PRIVACYREQUIRED")
    ok(session.starttls(ssl_context=world.tls), "STARTTLS is answered")
    holds("a login is offered under TLS", "AUTH=PLAIN" in session.capabilities)
    try:
        session.login(world.recipient["login"], "not the password")
        holds("a wrong password is refused", False)
    except imaplib.IMAP4.error as refusal:
        has("a wrong password is refused", str(refusal), "[AUTHENTICATIONFAILED] E-AUT-001")
    proof = f"\0{world.recipient['login']}\0{world.recipient['password']}".encode()
    ok(session.authenticate("PLAIN", lambda _: proof), "AUTHENTICATE PLAIN is answered")
    capabilities = ok(session.capability())[0].split()
    for wanted in [b"IMAP4rev1", b"IDLE", b"NAMESPACE", b"UIDPLUS", b"UNSELECT", b"SPECIAL-USE"]:
        has(f"{wanted.decode()} is offered", capabilities, wanted)
    ok(session.xatom("ID", "NIL"), "ID is answered")
    holds("LOGOUT is answered with BYE", session.logout()[0], "BYE")


def folders(session):
    """LIST, LSUB, NAMESPACE, STATUS, CREATE (Profile §7.1)."""
    listed = [row.decode() for row in ok(session.list())]
    names = {re.search(r' "/" "?([^"]*)"?$', row).group(1) for row in listed}
    holds("every office has these folders", names, FOLDERS)
    for name, use in [("Sent", "\\Sent"), ("Drafts", "\\Drafts"), ("Archive", "\\Archive"), ("Trash", "\\Trash")]:
        has(f"{name} says what it is for", next(row for row in listed if name in row), use)
    holds("they are all subscribed", len(ok(session.lsub())), len(FOLDERS))
    has("there is one personal namespace", ok(session.namespace())[0], b'(("" "/")) NIL NIL')
    # Profile §1.3
    ok(session.create("&W5tbmw-/2026"), "a folder of one's own is made")
    has("and listed", b"".join(ok(session.list())), b"&W5tbmw-/2026")
    holds("INBOX is there already, in any case", session.create("inbox")[0], "NO")
    holds("a name of 255 bytes fits", session.create("x" * 255)[0], "OK")
    holds("one of 256 does not", session.create("x" * 256)[0], "NO")
    holds("what is not there has no status", session.status("Nowhere", "(MESSAGES)")[0], "NO")


def searches(session, world):
    """SEARCH by flag, field, size, date, text and unique id."""
    message_id = header(world.messages[1], b"Message-ID").decode()
    today = datetime.datetime.now(datetime.timezone.utc)

    def day(days):
        return (today + datetime.timedelta(days=days)).strftime("%d-%b-%Y")

    for program, found in [
        ("ALL", b"1 2 3"),
        ("UNSEEN", b"1 2 3"),
        ("FLAGGED", b""),
        (f'HEADER Message-ID "{message_id}"', b"2"),
        (f'FROM {world.sender["address"]}', b"1 2 3"),
        ('FROM "nobody"', b""),
        (f"SINCE {day(-1)}", b"1 2 3"),
        (f"SINCE {day(2)}", b""),
        (f"BEFORE {day(-1)}", b""),
        ("LARGER 1000", b"1 2 3"),
        ("SMALLER 1000", b""),
        ("NOT 1", b"2 3"),
        ("OR 1 3", b"1 3"),
        ("2:*", b"2 3"),
        ("(SEEN) 1", b""),
    ]:
        holds(f"SEARCH {program}", ok(session.search(None, program))[0], found)
    session.literal = "ケアプラン".encode()
    holds("SEARCH SUBJECT, in Japanese", ok(session.search("UTF-8", "SUBJECT"))[0], b"1 2 3")
    holds("UID SEARCH", ok(session.uid("SEARCH", "ALL"))[0], b"1 2 3")


def fetches(session, world):
    """FETCH: the message whole and in pieces."""
    sent = world.messages[0]
    data = ok(session.fetch("1", "(UID RFC822.SIZE INTERNALDATE FLAGS BODY.PEEK[])"))
    whole = data[0][1]
    holds("the octets are those that were sent", whole.endswith(sent))
    has("above them stands the gateway's trace alone", whole[: -len(sent)], b"Received: from ")
    has("the size is that of the octets", data[0][0], b"RFC822.SIZE %d" % len(whole))
    size = len(whole)
    envelope = ok(session.fetch("1", "(ENVELOPE)"))[0]
    has("ENVELOPE names the message", envelope, header(sent, b"Message-ID"))
    number = world.sender["address"].split("@")[0].encode()
    has("ENVELOPE names the sender", envelope, b'"%s" "plans.example"' % number)
    structure = ok(session.fetch("1", "(BODYSTRUCTURE)"))
    structure = b"".join(part if isinstance(part, bytes) else b" ".join(part) for part in structure)
    for part in [b'"signed"', b'"pkcs7-signature"', b'"mixed"', b'"csv"', b"up1kyo_", b'"base64"']:
        has(f"BODYSTRUCTURE shows {part.decode()}", structure.lower(), part)
    fields = ok(session.fetch("1", "(BODY.PEEK[HEADER.FIELDS (FROM MESSAGE-ID)])"))[0][1]
    holds("two fields are two fields", sorted(line[:4] for line in fields.split(b"\r\n") if line), [b"From", b"Mess"])
    has("a part has its own header", ok(session.fetch("1", "(BODY.PEEK[1.2.MIME])"))[0][1], b'filename="UP1KYO_')
    csv = ok(session.fetch("1", "(BODY.PEEK[1.2])"))[0][1]
    has("a part is fetched as it was sent", sent, csv)
    middle = ok(session.fetch("1", "(BODY.PEEK[]<100.200>)"))[0]
    has("a piece says where it begins", middle[0], b"BODY[]<100>")
    holds("a piece is that piece", middle[1], whole[100:300])
    holds("behind the end there is nothing", ok(session.fetch("1", f"(BODY.PEEK[]<{size}.10>)"))[0][1:2], (b"",))
    holds("to peek leaves it unseen", ok(session.search(None, "UNSEEN"))[0], b"1 2 3")
    ok(session.fetch("1", "(BODY[TEXT])"))
    holds("to read makes it seen", ok(session.search(None, "UNSEEN"))[0], b"2 3")


def flags(session):
    """STORE in its three ways."""
    has("a flag is set", ok(session.store("2", "+FLAGS", "(\\Flagged)"))[0], b"\\Flagged")
    has("a keyword is set", ok(session.store("2", "+FLAGS", "(Urgent)"))[0], b"Urgent")
    holds("both are found", ok(session.search(None, "FLAGGED KEYWORD Urgent"))[0], b"2")
    holds("silence is kept", ok(session.store("2", "-FLAGS.SILENT", "(\\Flagged Urgent)")), [None])
    holds("and obeyed", ok(session.search(None, "FLAGGED"))[0], b"")
    replaced = ok(session.store("2", "FLAGS", "(\\Answered)"))[0].replace(b"\\Recent ", b"")
    has("all flags are replaced", replaced, b"(\\Answered)")
    ok(session.select("INBOX", readonly=True))
    holds("what is only examined is not changed", session.store("2", "+FLAGS", "(\\Seen)")[0], "NO")
    ok(session.select("INBOX"))


def copies(session):
    """COPY and APPEND; only the gateway fills INBOX and Receipts (Profile §7.3)."""
    has("COPY out of INBOX", session.copy("1:2", "Archive")[1][0] or b"", b"COPYUID")
    state, data = session.copy("1", "Receipts")
    holds("nothing is copied into Receipts", (state, data[0][:8]), ("NO", b"[CANNOT]"))
    state, data = session.append("INBOX", None, None, DRAFT)
    holds("nothing is appended to INBOX", (state, data[0][:8]), ("NO", b"[CANNOT]"))
    date = imaplib.Time2Internaldate(datetime.datetime(2026, 4, 1, 9, 30, tzinfo=datetime.timezone.utc))
    has("APPEND to Drafts", ok(session.append("Drafts", "(\\Draft \\Seen)", date, DRAFT))[0], b"APPENDUID")
    ok(session.select("Drafts"))
    data = ok(session.fetch("1", "(FLAGS INTERNALDATE BODY.PEEK[])"))
    holds("the draft is kept as it is", data[0][1], DRAFT)
    when = imaplib.Internaldate2tuple(data[0][0] + data[1])
    holds("with its date", when, imaplib.Internaldate2tuple(f"INTERNALDATE {date}".encode()))
    has("with its flags", data[0][0] + data[1], b"\\Draft")
    holds("a missing folder is to be made first", session.append("Nowhere", None, None, DRAFT)[1][0][:11], b"[TRYCREATE]")


def expunges(session):
    """EXPUNGE, UID EXPUNGE, CLOSE, UNSELECT."""
    holds("the copies are there", ok(session.select("Archive")), [b"2"])
    first, second = ok(session.uid("SEARCH", "ALL"))[0].split()
    ok(session.store("1:2", "+FLAGS", "(\\Deleted)"))
    ok(session.uid("EXPUNGE", second.decode()))
    holds("UID EXPUNGE takes what it names", session.response("EXPUNGE")[1], [b"2"])
    holds("and nothing else", ok(session.uid("SEARCH", "ALL"))[0], first)
    holds("EXPUNGE takes the rest", ok(session.expunge()), [b"1"])
    holds("and nothing is left", ok(session.search(None, "ALL"))[0], b"")
    ok(session.close(), "CLOSE is answered")
    ok(session.select("INBOX"))
    ok(session.unselect(), "UNSELECT is answered")
    has("INBOX lost nothing", ok(session.status("INBOX", "(MESSAGES UNSEEN UIDNEXT)"))[0], b"MESSAGES 3")


def tree(session):
    """RENAME, DELETE, subscriptions, MOVE, quotas and rights (Profile §7.7 to §7.15)."""
    ok(session.create("tree/one"), "a folder is made with the level above it")
    ok(session.subscribe("tree/one"), "it is subscribed to")
    ok(session.append("tree/one", "(\\Draft)", None, DRAFT))
    ok(session.rename("tree", "wood"), "and renamed with the level above it")
    has("its subscription stays where it was", ok(session.lsub('""', "tree*"))[0], b"tree/one")
    ok(session.unsubscribe("tree/one"), "until it is ended")
    holds("its messages go along", ok(session.select("wood/one")), [b"1"])
    ok(session.uid("MOVE", "1", "Trash"), "they can be moved")
    holds("and are gone then", session.response("EXPUNGE")[1], [b"1"])
    ok(session.unselect())
    has("where they went they are", ok(session.status("Trash", "(MESSAGES)"))[0], b"MESSAGES 1")
    ok(session.delete("wood"), "what stands above can be deleted")
    ok(session.delete("wood/one"), "and what stood below")
    holds("nothing of it is listed", ok(session.list('""', "wood*")), [None])
    holds("what every office has stays", session.delete("Archive")[0], "NO")
    has("there is one quota root", ok(session.getquotaroot("INBOX"))[1][0], b'"" (STORAGE ')
    has("INBOX takes nothing in", ok(session.myrights("INBOX"))[0], b"INBOX lrswkteacd")
    holds("nobody gives rights away", session.setacl("Drafts", "anyone", "lr")[0], "NO")


def idles(session, world):
    """RFC 2177: a delivery wakes the mailbox (Profile §7.5). imaplib cannot idle, so the lines go out by hand."""
    ok(session.select("INBOX"))
    session.send(b"idle1 IDLE\r\n")
    has("IDLE goes on", session.readline(), b"+ ")
    with smtplib.SMTP_SSL(world.host, world.ports["smtps"], timeout=30, context=world.tls) as post:
        post.login(world.sender["login"], world.sender["password"])
        post.sendmail(world.sender["address"], [world.recipient["address"]], world.messages[3])
    woken = session.readline()
    while b"EXISTS" not in woken:
        has("only news of the mailbox", woken, b"* ")
        woken = session.readline()
    holds("the delivery wakes it", woken, b"* 4 EXISTS\r\n")
    session.send(b"DONE\r\n")
    ended = session.readline()
    while ended.startswith(b"* "):
        ended = session.readline()
    holds("DONE ends it", ended[:8], b"idle1 OK")


def sent(session, world):
    """The sender's copies bear their state (Profile §7.2, §8.1), which no mail tool sets or clears."""
    holds("four copies are kept", ok(session.select("Sent")), [b"4"])
    marks = b"\\Seen $Accepted $Delivered".split()
    for row in ok(session.fetch("1:4", "(FLAGS)")):
        for mark in marks:
            has(f"{mark.decode()} is set", row, mark)
    ok(session.store("1", "FLAGS", "($Retrieved)"))
    row = ok(session.fetch("1", "(FLAGS)"))[0]
    has("a state is not cleared", row, b"$Delivered")
    holds("a state is not made up", b"$Retrieved" in row, False)
    before = ok(session.uid("SEARCH", "ALL"))[0]
    has("its own copy is that copy", ok(session.append("Sent", None, None, world.messages[0]))[0], b"APPENDUID")
    ok(session.noop())
    holds("and stands there once", ok(session.uid("SEARCH", "ALL"))[0], before)


if __name__ == "__main__":
    told = World()
    logins(told)
    inbox = opened(told, told.recipient)
    folders(inbox)
    holds("three messages arrived", ok(inbox.select("INBOX")), [b"3"])
    searches(inbox, told)
    fetches(inbox, told)
    flags(inbox)
    copies(inbox)
    expunges(inbox)
    tree(inbox)
    idles(inbox, told)
    inbox.logout()
    outbox = opened(told, told.sender)
    sent(outbox, told)
    outbox.logout()

"""Python's smtplib against the gateway's submission doors: a whole session at each, from EHLO to QUIT."""

import smtplib

from world import World, has, holds


def submit(session, sender, recipient, message):
    """MAIL, RCPT, DATA; the reply to the message."""
    holds("MAIL FROM names the sender", session.mail(sender["address"])[0], 250)
    holds("RCPT TO names the recipient", session.rcpt(recipient["address"])[0], 250)
    return session.data(message)


def features(session):
    """What EHLO offers under TLS (RFC 5321 §4.1.1.1)."""
    holds("EHLO is answered", session.ehlo("pc.example")[0], 250)
    for feature in ["size", "pipelining", "8bitmime", "enhancedstatuscodes"]:
        holds(f"{feature} is offered", session.has_extn(feature))
    holds("the size limit is 25 MiB", session.esmtp_features["size"], str(25 << 20))
    offered = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN"]
    holds("a password may be given under TLS", session.esmtp_features["auth"].split(), offered)
    holds("TLS is not offered twice", session.has_extn("starttls"), False)


def refused_login(session, login, password):
    """The reply to a login that must fail."""
    try:
        session.login(login, password)
    except smtplib.SMTPAuthenticationError as refusal:
        return refusal.smtp_code, refusal.smtp_error
    return 235, b"welcome"


def tls_from_the_first_byte(world):
    """RFC 8314."""
    session = smtplib.SMTP_SSL(world.host, world.ports["smtps"], timeout=30, context=world.tls)
    features(session)
    code, text = session.mail(world.sender["address"])
    holds("nothing is taken before the login", (code, text[:5]), (530, b"5.7.0"))
    code, text = refused_login(session, world.sender["login"], "not the password")
    holds("a wrong password is refused", (code, text[:5]), (535, b"5.7.8"))
    has("and said in a plain sentence", text, b"E-AUT-001 User ID or password is wrong.")
    holds("the right one is welcome", session.login(world.sender["login"], world.sender["password"])[0], 235)
    code, text = submit(session, world.sender, world.recipient, world.messages[0])
    holds("the message is accepted", (code, text[:9]), (250, b"2.0.0 EV5"))
    same = submit(session, world.sender, world.recipient, world.messages[0])
    holds("the same message again gets the same answer", same, (code, text))
    code, text = submit(session, world.sender, world.recipient, b"Subject: unsigned\r\n\r\nno signature\r\n")
    holds("the connection stays of use after a refusal", code, 550)
    holds("RSET is answered", session.rset()[0], 250)
    holds("NOOP is answered", session.noop()[0], 250)
    holds("QUIT is answered", session.quit()[0], 221)


def tls_after_starttls(world):
    """RFC 3207. No password goes in clear (Profile §12.2)."""
    session = smtplib.SMTP(world.host, world.ports["submission"], timeout=30)
    session.ehlo("pc.example")
    holds("STARTTLS is offered in clear", session.has_extn("starttls"))
    holds("AUTH is not", session.has_extn("auth"), False)
    code, text = session.docmd("AUTH", "PLAIN AHVzZXIAcGFzc3dvcmQ=")
    holds("a password in clear is refused", (code, text[:6]), (538, b"5.7.11"))
    holds("STARTTLS is answered", session.starttls(context=world.tls)[0], 220)
    features(session)
    session.login(world.sender["login"], world.sender["password"])
    left = session.sendmail(world.sender["address"], [world.recipient["address"]], world.messages[1])
    holds("sendmail leaves no recipient out", left, {})
    session.quit()


def in_chunks(world):
    """RFC 3030: a signed message arrives by BDAT as it does by DATA, pipelined in pieces of any size."""
    session = smtplib.SMTP_SSL(world.host, world.ports["smtps"], timeout=30, context=world.tls)
    session.ehlo("pc.example")
    session.login(world.sender["login"], world.sender["password"])
    session.mail(world.sender["address"], ["BODY=BINARYMIME", "ENVID=QQ314159", "RET=HDRS"])
    session.rcpt(world.recipient["address"], ["NOTIFY=NEVER"])
    message, pieces = world.messages[2], [7, 1, 1000]
    wire, at = b"", 0
    for size in pieces:
        wire += b"BDAT %d\r\n" % size + message[at:at + size]
        at += size
    session.send(wire + b"BDAT %d LAST\r\n" % (len(message) - at) + message[at:])
    for _ in pieces:
        holds("a chunk is taken", session.getreply()[0], 250)
    code, text = session.getreply()
    holds("the message is accepted", (code, text[:8]), (250, b"2.0.0 EV"))
    session.quit()


if __name__ == "__main__":
    told = World()
    tls_from_the_first_byte(told)
    tls_after_starttls(told)
    in_chunks(told)

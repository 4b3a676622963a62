"""poplib against the gateway: a whole session at each door, and what QUIT leaves behind."""

import imaplib
import poplib

from world import World, holds


world = World()


def enter(session):
    session.user(world.recipient["login"])
    session.pass_(world.recipient["password"])
    return session


def over_tls():
    return poplib.POP3_SSL("localhost", world.ports["pop3s"], context=world.tls, timeout=30)


def in_clear():
    session = poplib.POP3("localhost", world.ports["pop3"], timeout=30)
    holds("STLS is offered in clear", "STLS" in session.capa())
    holds("USER is not", "USER" in session.capa(), False)
    session.stls(context=world.tls)
    return session


def refused(session, *command):
    try:
        session._shortcmd(" ".join(command))
    except poplib.error_proto as why:
        return why.args[0].decode()
    return "+OK"


def flags():
    with imaplib.IMAP4_SSL("localhost", world.ports["imaps"], ssl_context=world.tls, timeout=30) as mailbox:
        mailbox.login(world.recipient["login"], world.recipient["password"])
        mailbox.select("INBOX", readonly=True)
        return [line.decode() for line in mailbox.fetch("1:*", "(UID FLAGS)")[1] if line]


def main():
    session = over_tls()
    offered = session.capa()
    holds("what is kept goes after 90 days", offered["EXPIRE"], ["90"])
    holds("mechanisms", offered["SASL"], ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN"])
    wrong = over_tls()
    wrong.user(world.recipient["login"])
    holds("a wrong password", refused(wrong, "PASS no")[:22], "-ERR [AUTH] E-AUT-001 ")
    enter(session)
    count, octets = session.stat()
    holds("three messages", count, 3)
    sizes = [int(line.split()[1]) for line in session.list()[1]]
    holds("STAT adds up LIST", sum(sizes), octets)
    names = [line.split()[1] for line in session.uidl()[1]]
    holds("unique ids are unique", len(set(names)), 3)
    for number, sent in enumerate(world.messages[:2], 1):
        got = b"\r\n".join(session.retr(number)[1]) + b"\r\n"
        holds(f"message {number} is as long as LIST says", len(got), sizes[number - 1])
        holds(f"message {number} is the one that was sent, behind its trace", got.endswith(sent))
    top = session.top(3, 0)[1]
    holds("TOP ends with the header", top[-1], b"")
    session.dele(2)
    holds("a deleted message is not there", refused(session, "RETR", "2")[:4], "-ERR")
    session.rset()
    session.dele(1)
    session.quit()
    left = flags()
    holds("two are left", len(left), 2)
    holds("the one retrieved is seen", "\\Seen" in left[0])
    holds("the one whose top was shown is not", "\\Seen" in left[1], False)
    again = enter(in_clear())
    holds("unique ids stay", [line.split()[1] for line in again.uidl()[1]], names[1:])
    again.dele(1)
    again.close()
    holds("without QUIT nothing goes", len(flags()), 2)


main()

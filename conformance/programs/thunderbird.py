"""Thunderbird, without a window: it sees a plan and its flag, marks it, signs a bundle of its own and sends it, and is told
when it arrives.

It is driven over Marionette, as a browser is: JSON behind its length, at a port that stands in its profile.
"""

import imaplib
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import time

from world import holds

# What Thunderbird asks at its first start, and whom it would ask for news.
SETTINGS = {
    "marionette.port": 0,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.spotlight.firstRunDone": True,
    "mail.winsearch.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "app.update.enabled": False,
    "app.donation.eoy.version.viewed": 999,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "datareporting.healthreport.uploadEnabled": False,
    "toolkit.telemetry.enabled": False,
    "services.settings.server": "",
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "mail.biff.play_sound": False,
    "mail.biff.show_alert": False,
}


class Thunderbird:
    """The program with a profile of its own, until the block ends."""

    def __init__(self, told):
        self.told = told
        self.profile = pathlib.Path(told["folder"]) / "thunderbird"
        self.profile.mkdir()
        self.keys("certutil", "-N", "--empty-password")
        for name in ["authority", "offices"]:
            self.keys("certutil", "-A", "-n", name, "-t", "CT,C,C", "-i", told[name])
        self.keys("pk12util", "-i", told["identity"], "-W", told["identity_password"])
        rows = (f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in SETTINGS.items())
        (self.profile / "user.js").write_text("".join(rows), encoding="utf-8")
        self.asked = 0

    def keys(self, program, *arguments):
        """NSS's programs on the profile's keys."""
        subprocess.run([program, *arguments, "-d", f"sql:{self.profile}"], check=True, stdout=subprocess.DEVNULL)

    def __enter__(self):
        command = ["thunderbird", "--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", str(self.profile)]
        environment = dict(os.environ, HOME=str(self.profile), MOZ_HEADLESS="1")
        self.log = open(self.profile / "log", "wb")
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log)
        try:
            self.meet()
        except BaseException:
            self.__exit__()
            raise
        return self

    def meet(self):
        """Its own scripts may do what its windows do."""
        active = self.profile / "MarionetteActivePort"
        port = until("Thunderbird starts", lambda: active.exists() and active.read_text())
        self.line = socket.create_connection(("127.0.0.1", int(port)), timeout=60)
        self.hear()
        self.say("WebDriver:NewSession", {})
        self.say("Marionette:SetContext", {"value": "chrome"})

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def hear(self):
        size = b""
        while not size.endswith(b":"):
            octet = self.line.recv(1)
            if not octet:
                sys.exit("FALSE: Thunderbird stays\n" + (self.profile / "log").read_text(errors="replace"))
            size += octet
        text = b""
        while len(text) < int(size[:-1]):
            text += self.line.recv(int(size[:-1]) - len(text))
        return json.loads(text)

    def say(self, command, arguments):
        self.asked += 1
        text = json.dumps([0, self.asked, command, arguments]).encode()
        self.line.sendall(b"%d:%s" % (len(text), text))
        _, _, error, result = self.hear()
        if error:
            sys.exit(f"FALSE: {command} is carried out\n{error['error']}: {error['message']}\n{error['stacktrace']}")
        return result

    def run(self, script, *arguments):
        """The script's answer; what it begins with is there for all of them."""
        begin = """
            const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
            const inbox = () => MailServices.accounts.allServers.find(server => server.type == "imap")
                .rootFolder.getChildNamed("INBOX");
            const messages = () => [...inbox().messages].sort((one, other) => one.messageKey - other.messageKey);
        """
        script = begin + "return (async () => {" + script + "})();"
        return self.say("WebDriver:ExecuteScript", {"script": script, "args": arguments, "scriptTimeout": 60000})["value"]


def until(sentence, question):
    """The answer, once there is one."""
    for _ in range(600):
        if answer := question():
            return answer
        time.sleep(0.1)
    sys.exit(f"FALSE: {sentence}, within a minute")


def accounts(program, told):
    """The recipient's mailbox, and the way out for the sender."""
    program.run("""
        const [told] = arguments;
        const login = async (origin, office) => {
            const info = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
            info.init(origin, null, origin, office.login, office.password, "", "");
            await Services.logins.addLoginAsync(info);
        };
        await login("imap://localhost", told.recipient);
        await login("smtp://localhost", told.sender);
        const server = MailServices.accounts.createIncomingServer(told.recipient.login, "localhost", "imap");
        server.port = told.ports.imaps;
        server.socketType = Ci.nsMsgSocketType.SSL;
        server.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
        const outgoing = MailServices.outgoingServer.createServer("smtp");
        const smtp = outgoing.QueryInterface(Ci.nsISmtpServer);
        smtp.hostname = "localhost";
        smtp.port = told.ports.smtps;
        outgoing.username = told.sender.login;
        outgoing.socketType = Ci.nsMsgSocketType.SSL;
        outgoing.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
        MailServices.outgoingServer.defaultServer = outgoing;
        const account = MailServices.accounts.createAccount();
        account.incomingServer = server;
        const identity = MailServices.accounts.createIdentity();
        identity.email = told.sender.address;
        identity.smtpServerKey = outgoing.key;
        identity.doFcc = false;
        identity.composeHtml = false;
        const certificates = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).getCerts();
        const own = certificates.find(certificate => certificate.certType & Ci.nsIX509Cert.USER_CERT);
        identity.setUnicharAttribute("signing_cert_name", own.displayName);
        identity.setCharAttribute("signing_cert_dbkey", own.dbKey);
        account.addIdentity(identity);
        MailServices.accounts.defaultAccount = account;
    """, told)


def look(program):
    """The messages in INBOX: their subject, and whether they are flagged and read."""
    return program.run("""
        const folder = inbox();
        return messages().map(header => [header.mime2DecodedSubject, header.isFlagged, header.isRead]);
    """)


def sends(program, told):
    """A bundle as a person would write one: attachments chosen, and 'sign digitally'."""
    return program.run("""
        const [told] = arguments;
        const identity = MailServices.accounts.defaultAccount.defaultIdentity;
        const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
        fields.from = told.sender.address;
        fields.to = told.recipient.address;
        fields.subject = "Fumibako";
        for (const path of told.files) {
            const attachment = Cc["@mozilla.org/messengercompose/attachment;1"].createInstance(Ci.nsIMsgAttachment);
            attachment.url = Services.io.newFileURI(await IOUtils.getFile(path)).spec;
            attachment.name = PathUtils.filename(path);
            attachment.contentType = "text/csv";
            fields.addAttachment(attachment);
        }
        const secure = Cc["@mozilla.org/messengercompose/composesecure;1"].createInstance(Ci.nsIMsgComposeSecure);
        secure.signMessage = true;
        fields.composeSecure = secure;
        const send = Cc["@mozilla.org/messengercompose/send;1"].createInstance(Ci.nsIMsgSend);
        return await new Promise(done => {
            const listener = {
                QueryInterface: ChromeUtils.generateQI(["nsIMsgSendListener"]),
                onStartSending() {}, onProgress() {}, onStatus() {}, onSendNotPerformed() { done("not sent"); },
                onGetDraftFolderURI() {}, onTransportSecurityError(id, status) { done(`TLS: ${status}`); },
                onStopSending(id, status, text) { done(status == 0 ? "sent" : `${status.toString(16)}: ${text}`); },
            };
            send.createAndSendMessage(null, identity, MailServices.accounts.defaultAccount.key, fields, false, false,
                Ci.nsIMsgSend.nsMsgDeliverNow, null, "text/plain", told.cover, null, null, listener, "", null,
                Ci.nsIMsgCompType.New);
        });
    """, told)


def kept(program, place):
    """The octets of a message, as Thunderbird has them."""
    return program.run("""
        const folder = inbox();
        const uri = folder.getUriForMsg(messages()[arguments[0]]);
        return await new Promise((done, failed) => {
            let text = "";
            const listener = {
                QueryInterface: ChromeUtils.generateQI(["nsIStreamListener", "nsIRequestObserver"]),
                onStartRequest() {},
                onDataAvailable(request, stream, offset, count) {
                    const input = Cc["@mozilla.org/binaryinputstream;1"].createInstance(Ci.nsIBinaryInputStream);
                    input.setInputStream(stream);
                    text += input.readBytes(count);
                },
                onStopRequest(request, status) { status == 0 ? done(text) : failed(new Error(status.toString(16))); },
            };
            MailServices.messageServiceFromURI(uri).streamMessage(uri, listener, null, null, false, "", false);
        });
    """, place).encode("latin-1")


def flags(told):
    """Those of the messages in INBOX, as another program sees them."""
    tls = ssl.create_default_context(cafile=told["authority"])
    with imaplib.IMAP4_SSL("localhost", told["ports"]["imaps"], ssl_context=tls, timeout=30) as session:
        session.login(told["recipient"]["login"], told["recipient"]["password"])
        session.select("INBOX", readonly=True)
        return session.fetch("1:*", "(FLAGS)")[1]


def main():
    told = json.load(sys.stdin)
    with Thunderbird(told) as program:
        accounts(program, told)
        program.run("MailServices.accounts.defaultAccount.incomingServer.performExpand(null);")
        until("the folder shows", lambda: program.run("try { return !!inbox(); } catch { return false; }"))
        program.run("inbox().updateFolder(null);")
        until("the plan comes", lambda: len(look(program)) == 1)
        holds("the flag set elsewhere shows", look(program)[0][1], True)
        pathlib.Path(told["kept"]).write_bytes(kept(program, 0))
        program.run("inbox().markMessagesRead(messages(), true);")
        holds("the bundle is sent", sends(program, told), "sent")
        until("it is told of the new message", lambda: len(look(program)) == 2)
        program.run("inbox().markMessagesFlagged([messages()[1]], true);")
        until("its own flags stay", lambda: [row[1] for row in look(program)] == [True, True])
        # A flag goes out behind whatever is under way.
        until("the gateway has them", lambda: all(b"\\Flagged" in row for row in flags(told)))
        holds("and what was read is read", [b"\\Seen" in row for row in flags(told)], [True, False])


if __name__ == "__main__":
    main()

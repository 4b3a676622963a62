## User ID and password (LG-06, LG-08)
password-change = Change the password
password-old = Present password
password-new = New password
password-again = New password, once more
password-rule-long = { $count } characters or more. A few words in a row are long and easy to remember.
password-rule-name = Neither the user ID nor the office number in it.
password-rule-simple = Nothing that is tried first, such as "password1234" or "123456789012".
password-changed = The password is changed.
password-withdraw = Withdraw the application passwords for mail tools, too (if somebody else may know them)
password-changed-apps = The password is changed, and the application passwords are withdrawn.
apps-withdrawn = { $count ->
    [one] The operator set the password, so one application password for a mail tool was withdrawn.
   *[other] The operator set the password, so { $count } application passwords for mail tools were withdrawn.
}
apps-withdrawn-next = To use a mail tool again, ask the operator of the gateway for a new one.
password-temporary = The password is temporary. Change it to one of your own before you use anything else.
password-expired = The password has expired. Change it to a new one and go on where you were.
password-lapsed = The temporary password was not changed in time. Ask the operator of the gateway for a new one.
password-elsewhere = The password at the gateway is not the one set up here. If the operator gave you a temporary one, enter it as the present password.
password-differ = The new password was not typed twice alike.
password-soon = The password expires on { $day }.
password-soon-next = Change it soon, under "Change the password".
account-stopped = This user ID is suspended. Reason: { $why }
office-stopped = This office is suspended. Reason: { $why }
stopped-next = Contact the operator of the gateway.
role-forbids = The role of this user ID does not allow this screen.
role-forbids-next = Ask the office's manager about it.

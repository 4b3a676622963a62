//! Who did something on this machine: the number that the system knows, with the name it goes by.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;

/// What users of this machine are called. Names of a directory service stand elsewhere; there the number is all that is said.
const PASSWD: &str = "/etc/passwd";
/// Octets of it that are read.
const PASSWD_BYTES: u64 = 1 << 20;
/// What is written in front of the number.
const NUMBER: &str = "uid ";

/// Who runs this program, as it is recorded: the name may be another's one day, the number stays.
pub(super) fn of_this_program() -> String {
    let owner = std::fs::metadata("/proc/self").map(|process| process.uid());
    owner.map_or_else(|_| "?".into(), |number| named(&passwd(), number))
}

fn passwd() -> String {
    let mut text = Vec::new();
    let read = File::open(PASSWD).and_then(|file| file.take(PASSWD_BYTES).read_to_end(&mut text));
    read.map(|_| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
}

/// passwd(5): a line has the name, what stood for the password once, the number, and more.
fn named(passwd: &str, number: u32) -> String {
    let name = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(number)).then(|| name.to_owned())
    };
    let name = passwd.lines().find_map(name);
    name.map_or_else(|| format!("{NUMBER}{number}"), |name| format!("{name} ({NUMBER}{number})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_called_by_name_where_the_system_knows_it_and_always_by_number() {
        let passwd = "root:x:0:0:root:/:/bin/sh\n::1000:1000::/:\nbroken\nkanri:x:1000:100:受付,,,:/:/bin/sh\n";
        for (number, name) in [(0, "root (uid 0)"), (1000, "kanri (uid 1000)"), (100, "uid 100")] {
            assert_eq!(named(passwd, number), name);
        }
        assert_eq!(named("", 0), "uid 0");
    }
}

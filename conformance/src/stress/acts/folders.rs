//! LIST, STATUS and a folder that a client makes, names otherwise and takes away again.

use crate::stress::answer::{Node, pairs};
use crate::stress::client::{Checked, Client, Heard, Order};

const ASKED: &str = "MESSAGES UIDNEXT UIDVALIDITY UNSEEN";

impl Client {
    /// One of the folders all clients share.
    pub(in crate::stress) fn any_folder(&mut self) -> String {
        let folders = self.shared.folders.clone();
        folders[self.below(folders.len())].clone()
    }

    pub(super) fn status(&mut self) -> Checked<()> {
        let folder = self.any_folder();
        self.status_of(&folder).map(drop)
    }

    /// STATUS of a folder: all that was asked for, and nothing else.
    pub(in crate::stress) fn status_of(&mut self, folder: &str) -> Checked<Vec<(String, Node)>> {
        let mut asked = ASKED.to_owned();
        for (needs, item) in [("CONDSTORE", " HIGHESTMODSEQ"), ("STATUS=SIZE", " SIZE"), ("OBJECTID", " MAILBOXID")] {
            if self.can(needs) {
                asked += item;
            }
        }
        let order = Order::new("STATUS", format!("STATUS {folder} ({asked})")).answered(&["STATUS"]);
        let heard = self.order(order.condstore(asked.contains("HIGHESTMODSEQ")))?;
        let items = heard.data.iter().find(|(name, nodes)| name == "STATUS" && nodes[0].name() == folder);
        let items = pairs(items.and_then(|(_, nodes)| nodes.get(1)).map(Node::list).unwrap_or_default())?;
        match asked.split(' ').find(|item| !items.iter().any(|(name, _)| name == item)) {
            Some(missing) => Err(format!("STATUS without {missing}")),
            None => Ok(items),
        }
    }

    pub(super) fn list(&mut self) -> Checked<()> {
        let prefix = self.shared.prefix.clone();
        let mut ways =
            vec![format!("LIST \"\" {prefix}*"), format!("LIST \"{prefix}\" %"), format!("LIST \"\" \"{prefix}%\"")];
        if self.can("LIST-EXTENDED") {
            ways.push(format!("LIST () \"\" ({prefix}* {prefix}%) RETURN (CHILDREN SUBSCRIBED)"));
        }
        if self.can("LIST-STATUS") {
            ways.push(format!("LIST \"\" {prefix}* RETURN (STATUS ({ASKED}))"));
        }
        let way = ways[self.below(ways.len())].clone();
        let heard = self.order(Order::new("LIST", way).answered(&["LIST", "STATUS"]))?;
        let listed = names(&heard, "LIST");
        match self.shared.folders.iter().find(|folder| listed.iter().filter(|name| name == folder).count() != 1) {
            Some(folder) => Err(format!("{folder} is not listed once: {listed:?}")),
            None => Ok(()),
        }
    }

    fn is_listed(&mut self, command: &'static str, folder: &str, expected: bool) -> Checked<()> {
        let heard = self.order(Order::new(command, format!("{command} \"\" {folder}")).answered(&["LIST", "LSUB"]))?;
        if names(&heard, command).contains(&folder.to_owned()) == expected {
            Ok(())
        } else {
            Err(format!("{folder} is {}in {command}", if expected { "not " } else { "" }))
        }
    }

    /// A folder comes, is given another name, and goes.
    pub(super) fn own_folder(&mut self) -> Checked<()> {
        self.letters += 1;
        let name = format!("{}own{}-{}", self.shared.prefix, self.number, self.letters);
        let other = format!("{name}-renamed");
        let say = |client: &mut Self, name: &'static str, rest: &str| {
            client.order(Order::new(name, format!("{name} {rest}"))).map(drop)
        };
        say(self, "CREATE", &name)?;
        self.is_listed("LIST", &name, true)?;
        say(self, "SUBSCRIBE", &name)?;
        self.is_listed("LSUB", &name, true)?;
        say(self, "UNSUBSCRIBE", &name)?;
        self.is_listed("LSUB", &name, false)?;
        let letter = crate::stress::letter::letter(&mut self.random, &name);
        self.order(Order::new("APPEND", format!("APPEND {name} ")).with(letter, ""))?;
        say(self, "RENAME", &format!("{name} {other}"))?;
        self.is_listed("LIST", &name, false)?;
        let items = self.status_of(&other)?;
        if !items.iter().any(|(name, value)| name == "MESSAGES" && value.number() == Some(1)) {
            return Err(format!("{other} was renamed with a message in it, and has {items:?}"));
        }
        say(self, "DELETE", &other)?;
        self.is_listed("LIST", &other, false)
    }
}

/// The folders in LIST or LSUB.
fn names(heard: &Heard, command: &str) -> Vec<String> {
    let of = heard.data.iter().filter(|(name, _)| name == command);
    of.filter_map(|(_, nodes)| nodes.get(2)).map(Node::name).collect()
}

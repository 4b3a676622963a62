//! Threads as trees, and how they are written (RFC 5256 §5).

/// Trees of messages. A node is a message, or beyond those one that is not there.
#[derive(Debug, Default)]
pub(super) struct Forest {
    /// So many nodes are messages.
    pub(super) messages: usize,
    pub(super) roots: Vec<usize>,
    /// Of each node, in their order.
    pub(super) children: Vec<Vec<usize>>,
}

/// What is still to be written.
enum Rest {
    Thread(usize),
    Close,
}

impl Forest {
    /// So many messages, none a child of another.
    pub(super) fn of(messages: usize) -> Self {
        Self { messages, roots: Vec::new(), children: vec![Vec::new(); messages] }
    }

    /// A node that is no message.
    pub(super) fn add_dummy(&mut self) -> usize {
        self.children.push(Vec::new());
        self.children.len() - 1
    }

    pub(super) fn is_dummy(&self, node: usize) -> bool {
        node >= self.messages
    }

    /// ```text
    /// thread-list    = "(" (thread-members / thread-nested) ")"
    /// thread-members = nz-number *(SP nz-number) [SP thread-nested]
    /// thread-nested  = 2*thread-list
    /// ```
    pub(super) fn written(&self, number: impl Fn(usize) -> u32) -> String {
        let mut out = String::new();
        if !self.roots.is_empty() {
            out.push(' ');
        }
        let mut rest: Vec<Rest> = self.roots.iter().rev().map(|root| Rest::Thread(*root)).collect();
        while let Some(next) = rest.pop() {
            let Rest::Thread(mut node) = next else {
                out.push(')');
                continue;
            };
            out.push('(');
            // A thread goes on in one line until it branches.
            loop {
                let space = if out.ends_with('(') { "" } else { " " };
                if !self.is_dummy(node) {
                    out.push_str(space);
                    out.push_str(&number(node).to_string());
                }
                match self.children[node].as_slice() {
                    [] => {
                        out.push(')');
                        break;
                    }
                    [only] => node = *only,
                    several => {
                        if !out.ends_with('(') {
                            out.push(' ');
                        }
                        rest.push(Rest::Close);
                        rest.extend(several.iter().rev().map(|child| Rest::Thread(*child)));
                        break;
                    }
                }
            }
        }
        out
    }
}

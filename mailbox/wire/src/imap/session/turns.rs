//! The two matches of the protocol: what a command begins, and what an answer goes on with.

use fumibako_model::{Refusal, Refused};

use super::{Answer, Ask, By, Command, Done, Phase, Rest, Session, Then, Work};

/// Why a connection ends whose folder is no more.
const FOLDER_GONE: &str = "The open folder was deleted.";

/// Profile §9.17: is the right to look into the open folder gone, and not only the moment a bad one?
fn taken_back(refused: &Refused) -> bool {
    !refused.why.row().retryable() && refused.why != Refusal::NoSuchFolder
}

impl Session {
    /// Every legal turn of the conversation (RFC 3501 §3, §6).
    #[rustfmt::skip]
    pub(super) fn obey(&mut self, tag: String, command: Command) {
        use {Command as C, Phase as P};
        match (&self.phase, command) {
            // in any state: §6.1, RFC 2971
            (_, C::Capability)                             => self.capability(tag),
            (_, C::Noop)                                   => self.finish(Done::ok(tag, "NOOP done."), true),
            (_, C::Logout)                                 => self.logout(&tag),
            (_, C::Id)                                     => self.id(tag),
            // not authenticated: §6.2
            (P::Greeted, C::StartTls)                      => self.start_tls(&tag),
            (P::Greeted, C::Login { login, password })     => self.login(tag, login, password),
            (P::Greeted, C::Authenticate { mechanism, initial }) => self.authenticate(tag, &mechanism, initial.as_deref()),
            (P::Greeted, _)                                => self.bad(&tag, "Log in first."),
            (_, C::StartTls | C::Login { .. } | C::Authenticate { .. }) => self.bad(&tag, "You are logged in already."),
            // authenticated: §6.3, RFC 2177, 2342, 5161
            (_, C::Unauthenticate)                         => self.unauthenticate(tag),
            (_, C::Compress)                               => self.compress(&tag),
            (_, C::Select { mailbox, read_only, with })    => self.select(tag, mailbox, read_only, with),
            (_, C::Enable(asked))                          => self.enable(tag, &asked),
            (_, C::Notify(order))                          => self.notify_order(tag, *order),
            (_, C::Tree(order))                            => self.change_tree(tag, order),
            (_, C::List(request))                          => self.list(tag, request),
            (_, C::Quota(order))                           => self.quota(tag, order),
            (_, C::Acl(order))                             => self.acl(tag, order),
            (_, C::Metadata(order))                        => self.metadata(tag, order),
            (_, C::Namespace)                              => self.namespace(tag),
            (_, C::Status { mailbox, items })              => self.status(tag, mailbox, items),
            (_, C::Idle)                                   => self.idle(tag),
            // selected: §6.4, RFC 3691, 4315
            (P::Selected(_), C::Check)                     => self.finish(Done::ok(tag, "CHECK done."), true),
            (P::Selected(_), C::Close)                     => self.close(tag),
            (P::Selected(_), C::Unselect)                  => self.leave(Then::Say(tag, "UNSELECT done.")),
            (P::Selected(view), C::Store { .. } | C::Expunge(_) | C::Copy { moves: true, .. }) if view.read_only
                                                           => self.no(&tag, "[READ-ONLY] The folder is open read-only."),
            (P::Selected(_), C::Expunge(set))              => self.expunge(tag, set.as_ref()),
            (P::Selected(view), command @ (C::Search { .. } | C::Fetch { .. })) if view.is_lent()
                                                           => self.ask(Ask::Look, Work::Look(tag, Box::new(command))),
            (P::Selected(_), C::Search { by, request })    => self.search(tag, by, *request),
            (P::Selected(_), C::Fetch { by, set, items, modifiers }) => self.fetch(tag, by, &set, (items, &modifiers)),
            (P::Selected(_), C::Store { by, set, change, silent, flags, unchanged_since })
                                                           => self.store((tag, by), &set, (change, flags), silent, unchanged_since),
            (P::Selected(_), C::Copy { by, set, to, moves }) => self.copy(tag, by, &set, to, moves),
            (_, _)                                         => self.bad(&tag, "Select a folder first."),
        }
    }

    /// Every answer and the question it belongs to. Some of it is refused; the last row is a fault of the server.
    #[rustfmt::skip]
    pub(super) fn heed(&mut self, answer: Answer) {
        use {Answer as A, Work as W};
        match (std::mem::take(&mut self.work), answer) {
            (W::Login(tag, None), A::Welcome(party))       => self.welcome(&tag, &party),
            (W::Login(tag, Some(exchange)), A::Welcome(party)) => self.proven(tag, exchange, party),
            (W::Login(tag, Some(exchange)), A::Secrets(secrets)) => self.challenge(tag, exchange, *secrets),
            (W::Login(tag, _), A::No { refused, reference }) => self.unwelcome(&tag, &refused, &reference),
            (W::List(list), A::Folders(folders))           => self.listed(list, &folders),
            (W::Status(tag, items), A::Status(status))     => self.counted(tag, &items, &status),
            (W::Leave(then), _)                            => self.left(then),
            (W::Open { tag, read_only, with }, A::Folder(view)) => self.opened(tag, *view, read_only, *with),
            (W::Earlier(earlier), A::Changes(changes))     => self.tell_earlier(earlier, &changes),
            (W::Append(append), A::Appended(validity, uids)) => self.appended(append, validity, &uids),
            (W::Append(append), A::Done)                   => self.append_goes_on(append),
            (W::Discard, _)                                => {}
            (W::Unauthenticate(tag), A::Done)              => self.unauthenticated(&tag),
            (W::Notify(setting), A::Folders(listing))      => self.notify_set(setting, Some(&listing)),
            (W::Notify(setting), A::Done)                  => self.notify_set(setting, None),
            (W::Push, A::Changes(changes))                 => self.pushed(changes),
            (W::Stir(at), A::Folders(listing))             => self.stirred(at, &listing),
            (W::Notes(at, listing, own), A::Annotated(notes)) => self.noted(at, &listing, &own, &notes),
            (W::Push, A::No { refused, .. }) if refused.why == Refusal::NoSuchFolder => self.bye_saying(FOLDER_GONE),
            (W::Push, A::No { refused, reference }) if taken_back(&refused) => self.told_taken_back(Rest::Nothing, &refused, &reference),
            (W::Push, A::No { refused, reference })        => self.notify_overflow(Rest::Nothing, &refused, &reference),
            (W::Stir(at) | W::Notes(at, ..), A::No { refused, reference }) => self.notify_overflow(at, &refused, &reference),
            (W::Tree(tree), A::Created(id))                => self.created(tree, id),
            (W::Tree(tree), A::Done)                       => self.tree_changed(tree),
            (W::Quota(quota), A::Quota(root))              => self.quota_told(quota, root.as_ref()),
            (W::Acl(acl), A::Folders(listing))             => self.rights_told(acl, &listing),
            (W::Look(tag, command), A::Done)               => self.look(tag, *command),
            (W::Metadata(read), A::Annotations(kept))      => self.annotations_told(read, kept),
            (W::Metadata(set), A::Done)                    => self.annotated(set),
            (W::Metadata(command), A::No { refused, reference }) => self.not_annotated(&command, &refused, &reference),
            (W::Copy(copy), A::Copied(validity, pairs))    => self.copied(copy, validity, &pairs),
            (W::Expunge(expunge), A::Changes(changes))     => self.expunged(expunge, changes),
            (W::Expunge(expunge), A::No { refused, reference }) => self.not_expunged(expunge, &refused, &reference),
            (W::Store(store), A::Changes(changes))         => self.stored(store, changes),
            (W::Fetch(fetch), answer)                      => self.fetched(fetch, answer),
            (W::Search(search), answer)                    => self.searched(search, answer),
            (W::Idle(tag), A::Changes(changes))            => { self.tell(changes, true, By::Sequence); self.work = W::Idle(tag); }
            // Profile §7.9, RFC 2180 §3.3: of a folder that another connection deleted there is nothing more to tell.
            (W::Idle(_), A::No { refused, .. }) if refused.why == Refusal::NoSuchFolder => self.bye_saying(FOLDER_GONE),
            (W::Catch(done), A::No { refused, .. }) if refused.why == Refusal::NoSuchFolder => { self.conclude(done); self.bye_saying(FOLDER_GONE); }
            (W::Idle(tag), A::No { refused, reference }) if taken_back(&refused) => self.told_taken_back(Rest::Idle(tag), &refused, &reference),
            (W::Catch(done), A::No { refused, reference }) if taken_back(&refused) => self.concluded_without(done, &refused, &reference),
            // News that cannot be had now are had later.
            (W::Idle(tag), A::No { .. })                   => self.work = W::Idle(tag),
            (W::Catch(done), A::Changes(changes))          => { self.tell(changes, done.renumbers, done.by); self.conclude(done); }
            (W::Catch(done), A::No { .. })                 => { self.news = true; self.conclude(done); }
            (W::Append(append), A::No { refused, reference }) => self.append_failed(&append, &refused, &reference),
            (W::Copy(copy), A::No { refused, reference })  => self.refuse_target(copy.tag(), &refused, &reference),
            (work, A::No { refused, reference })           => self.refuse(work.tag(), &refused, &reference),
            (_, _)                                         => self.bye(Refusal::Internal),
        }
    }

    /// Profile §9.8, §9.19: it may still be looked into.
    fn look(&mut self, tag: String, command: Command) {
        match command {
            Command::Search { by, request } => self.search(tag, by, *request),
            Command::Fetch { by, set, items, modifiers } => self.fetch(tag, by, &set, (items, &modifiers)),
            _ => self.bye(Refusal::Internal),
        }
    }
}

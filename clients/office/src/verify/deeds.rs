//! An agent's right to act, judged offline: what the office signed, what the agent confirmed, and whether it allowed just this
//! (Profile §8.26).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fumibako_model::{
    Act, DEED_MINUTES, Deed, Delegate, Domain, Event, Evidence, MandateDeed, OfficeNumber, Party, Refusal, Refused,
    Registered, Said, Scope, not_signed, not_trusted,
};
use fumibako_signer::{Hash, Signature, Signed, Trust};
use jiff::{SignedDuration, Timestamp};

use super::Report;
use super::layer::{Fact, State, Unseen, What};
use crate::owner::holder;

/// Most deeds that are looked at; a mandate has three.
const DEEDS: usize = 100;

/// What an agent did, and for whom.
struct Done<'e> {
    by: &'e Delegate,
    office: OfficeNumber,
    other: OfficeNumber,
    scope: Scope,
    at: Timestamp,
}

impl Report {
    /// For each thing that an agent did: did it have the right to?
    pub(super) fn mandates<'e>(
        &mut self,
        pieces: impl Iterator<Item = &'e Evidence>,
        deeds: &[MandateDeed],
        (offices, domain): (Option<&Trust>, Option<&Domain>),
    ) {
        for done in pieces.filter_map(done) {
            let of_it = || deeds.iter().take(DEEDS).filter(|deed| deed.mandate == done.by.mandate);
            let mut facts = vec![
                Fact::text("agent", "代行業者", "agent", Some(done.by.agent.to_string())),
                Fact::text("office", "委任した事業所", "office", Some(done.office.to_string())),
                Fact::text("mandate", "委任番号", "mandate", Some(done.by.mandate.to_string())),
                Fact::text("scope", "範囲", "scope", Some(done.scope.as_str().into())),
            ];
            let state = match (of_it().next(), offices, domain) {
                // One from paper nobody signed in this form (Profile §9.2).
                (None, ..) => State::Unseen(Unseen::NotInProof),
                (_, Some(trust), Some(domain)) => match granted(of_it(), &done, (trust, domain)) {
                    Ok(one) => {
                        facts.extend(left_open(&one));
                        allowed(&one, &done).into()
                    }
                    Err(why) => State::Fails(why),
                },
                (_, None, _) => State::Unseen(Unseen::NoOffices),
                _ => State::Unseen(Unseen::Earlier),
            };
            self.add(What::Mandate, state, facts);
        }
    }
}

fn done(one: &Evidence) -> Option<Done<'_>> {
    let by = one.by.as_ref()?;
    let (office, other, scope) = match one.event {
        Event::SubmissionAcceptance => (one.from, one.to, Scope::Send),
        _ if one.receipt.is_some() => (one.to, one.from, Scope::Acknowledge),
        _ => (one.to, one.from, Scope::Receive),
    };
    Some(Done { by, office, other, scope, at: one.at })
}

/// The mandate that the evidence quotes, as both signed it, and as it stood then.
fn granted<'d>(
    deeds: impl Iterator<Item = &'d MandateDeed>,
    done: &Done<'_>,
    (trust, domain): (&Trust, &Domain),
) -> Result<Registered, Refused> {
    let (mut known, mut confirmed, mut revoked): (Option<Registered>, Option<Timestamp>, Option<Timestamp>) =
        (None, None, None);
    for one in deeds {
        let octets = STANDARD.decode(&one.signed).map_err(|why| Refusal::MandateUnread.about(why))?;
        let signed = Signed::read(&octets).map_err(|why| not_signed(&why))?;
        let signature = signed.verify().map_err(|why| not_signed(&why))?;
        let deed = Deed::in_entity(signed.part()).map_err(|why| Refusal::MandateUnread.about(why))?;
        let (canonical, at) = (deed.canonical(), moment(&deed, one));
        let by = signer(&signature, (trust, domain), at)?;
        let (office, agent) = (Party::Office(done.office), Party::Agent(done.by.agent.clone()));
        let allowed = match &deed {
            Deed::Grant(mandate) => by == office && mandate.office == done.office,
            Deed::Confirm(_) => by == agent,
            // Either ends it, and nobody else.
            Deed::Revoke(_) => by == office || by == agent,
        };
        if !allowed {
            return Err(Refusal::MandateNotSignedByIt.about(by));
        }
        match deed {
            Deed::Grant(mandate) => {
                let mut digest = [0; 32];
                digest.copy_from_slice(Hash::Sha256.of(canonical.as_bytes()).as_ref());
                let one = mandate.registered(digest);
                if one.delegate() != *done.by {
                    return Err(Refusal::EvidenceBroken.about(done.by.mandate));
                }
                known = Some(one);
            }
            Deed::Confirm(Said { mandate, .. }) if mandate == done.by.mandate => confirmed = Some(at),
            Deed::Revoke(Said { mandate, .. }) if mandate == done.by.mandate => revoked = Some(at),
            Deed::Confirm(_) | Deed::Revoke(_) => return Err(Refusal::EvidenceBroken.about(done.by.mandate)),
        }
    }
    let known = known.ok_or_else(|| Refusal::MandateUnknown.about(done.by.mandate))?;
    // What ended later was in force then; what was confirmed later was not.
    let (confirmed, revoked) = (confirmed.filter(|at| *at <= done.at), revoked.filter(|at| *at <= done.at));
    Ok(Registered { confirmed, revoked, ..known })
}

/// When a deed counted: when it came, as the file says, if its signer said the same to the hour. So exactly the gateway takes deeds
/// (Profile §9.5). What the file says beyond that nobody signed, and the signer's word stands.
fn moment(deed: &Deed, one: &MandateDeed) -> Timestamp {
    let (said, came) = (deed.said(), one.at);
    if came.duration_since(said).abs() <= SignedDuration::from_mins(DEED_MINUTES) { came } else { said }
}

/// Whose word a deed is.
fn signer(signature: &Signature, (trust, domain): (&Trust, &Domain), at: Timestamp) -> Result<Party, Refused> {
    trust.check(signature, at).map_err(not_trusted)?;
    let named = holder((signature.signer(), signature.chain()), trust, domain, at).map_err(not_trusted)?;
    named.ok_or_else(|| Refusal::CertificateNamesNobody.about(signature.signer().serial_hex()))
}

/// In force at that moment, for that scope and that other office. Kinds and months stand in the bundle, which is not here.
fn allowed(one: &Registered, done: &Done<'_>) -> Result<(), Refused> {
    one.allows(Act::Any(done.scope), done.at)?;
    match &one.mandate.counterparties {
        Some(offices) if !offices.contains(&done.other) => Err(Refusal::MandateCounterparty.about(done.other)),
        _ => Ok(()),
    }
}

/// The limits that are not looked at here.
fn left_open(one: &Registered) -> Option<Fact> {
    let limits = [(one.mandate.kinds.is_some(), "kinds"), (one.mandate.months.is_some(), "months")];
    let named: Vec<&str> = limits.into_iter().filter(|(limited, _)| *limited).map(|(_, name)| name).collect();
    let text = (!named.is_empty()).then(|| named.join(", "))?;
    Some(Fact::text("limits", "確かめていない制限", "limits not looked at", Some(text)))
}

#[cfg(test)]
mod tests {
    use fumibako_model::Mandate;
    use fumibako_signer::{Identity, sign};

    use super::*;
    use crate::testing::{A, Ca, now};
    use crate::verify::Form;

    /// An office, an agent, and what the one lets the other do: send to B.
    struct Given {
        ca: Ca,
        grant: MandateDeed,
        confirm: MandateDeed,
        evidence: Evidence,
        agent: Identity,
    }

    fn deed(deed: &Deed, by: &Identity, id: fumibako_model::MandateId) -> MandateDeed {
        let signed = STANDARD.encode(sign(deed.entity().as_bytes(), by, now()).unwrap());
        MandateDeed { mandate: id, at: now(), signed }
    }

    fn given() -> Given {
        let ca = Ca::new();
        let (office, agent) = (ca.identity(A), ca.identity("kawara@plans.example"));
        let words = Mandate {
            v: 1,
            office: "9970000011".parse().unwrap(),
            agent: "kawara".parse().unwrap(),
            scopes: [Scope::Send].into(),
            kinds: None,
            counterparties: Some(["9970000029".parse().unwrap()].into()),
            months: None,
            from: "2026-11-01".parse().unwrap(),
            until: "2026-12-31".parse().unwrap(),
            granted: now(),
        };
        let grant = Deed::Grant(Box::new(words.clone()));
        let mut digest = [0; 32];
        digest.copy_from_slice(Hash::Sha256.of(grant.canonical().as_bytes()).as_ref());
        let one = words.registered(digest);
        let evidence = serde_json::json!({
            "event": "SubmissionAcceptance", "at": now() + SignedDuration::from_hours(1), "message_id": "a@plans.example",
            "from": "9970000011", "to": "9970000029", "by": one.delegate(),
        });
        Given {
            grant: deed(&grant, &office, one.id),
            confirm: deed(&Deed::Confirm(Said { mandate: one.id, at: now() }), &agent, one.id),
            evidence: serde_json::from_value(evidence).unwrap(),
            ca,
            agent,
        }
    }

    fn judged(given: &Given, deeds: &[MandateDeed], evidence: &Evidence) -> State {
        let mut report = Report::new(Form::Proof);
        let domain = "plans.example".parse().unwrap();
        report.mandates([evidence].into_iter(), deeds, (Some(&given.ca.trust()), Some(&domain)));
        report.layers.pop().unwrap().state
    }

    fn why(state: State) -> Refusal {
        match state {
            State::Fails(refused) => refused.why,
            other => panic!("{other:?}"),
        }
    }

    // Profile §8.26
    #[test]
    fn an_act_is_judged_by_what_both_signed_before_it() {
        let given = given();
        let both = [given.grant.clone(), given.confirm.clone()];
        assert_eq!(judged(&given, &both, &given.evidence), State::Holds);
        assert_eq!(judged(&given, &[], &given.evidence), State::Unseen(Unseen::NotInProof), "as of one on paper");
        assert_eq!(why(judged(&given, &both[..1], &given.evidence)), Refusal::MandateUnconfirmed);
        assert_eq!(why(judged(&given, &both[1..], &given.evidence)), Refusal::MandateUnknown);
        let office = given.ca.identity(A);
        let id = given.grant.mandate;
        let revoke = deed(&Deed::Revoke(Said { mandate: id, at: now() }), &office, id);
        let with = |more: MandateDeed| [both.as_slice(), &[more]].concat();
        assert_eq!(why(judged(&given, &with(revoke.clone()), &given.evidence)), Refusal::MandateRevoked);
        let said = |at| deed(&Deed::Revoke(Said { mandate: id, at }), &office, id);
        let two_hours_on = now() + SignedDuration::from_hours(2);
        let later = MandateDeed { at: two_hours_on, ..said(two_hours_on) };
        assert_eq!(judged(&given, &with(later), &given.evidence), State::Holds, "what ended later held then");
        // Nobody signed when a deed came: what the file says of it counts where its signer said the same to the hour.
        let put_off = MandateDeed { at: two_hours_on, ..revoke };
        assert_eq!(why(judged(&given, &with(put_off), &given.evidence)), Refusal::MandateRevoked);
        let forged = deed(&Deed::Confirm(Said { mandate: id, at: now() }), &office, id);
        assert_eq!(why(judged(&given, &[given.grant.clone(), forged], &given.evidence)), Refusal::MandateNotSignedByIt);
        let stranger = given.ca.identity(crate::testing::B);
        let forged = deed(&Deed::Revoke(Said { mandate: id, at: now() }), &stranger, id);
        assert_eq!(why(judged(&given, &with(forged), &given.evidence)), Refusal::MandateNotSignedByIt);
        let laid_down = deed(&Deed::Revoke(Said { mandate: id, at: now() }), &given.agent, id);
        assert_eq!(why(judged(&given, &with(laid_down), &given.evidence)), Refusal::MandateRevoked);
    }

    // Profile §8.26
    #[test]
    fn a_signer_whose_clock_is_wrong_by_some_minutes_is_no_forger() {
        let given = given();
        let id = given.grant.mandate;
        let fast = given.evidence.at + SignedDuration::from_mins(5);
        let came = given.evidence.at - SignedDuration::from_mins(1);
        let confirm = deed(&Deed::Confirm(Said { mandate: id, at: fast }), &given.agent, id);
        let confirm = MandateDeed { at: came, ..confirm };
        assert_eq!(judged(&given, &[given.grant.clone(), confirm.clone()], &given.evidence), State::Holds);
        let after = MandateDeed { at: given.evidence.at + SignedDuration::from_mins(1), ..confirm };
        let judged = judged(&given, &[given.grant.clone(), after], &given.evidence);
        assert_eq!(why(judged), Refusal::MandateUnconfirmed);
    }

    #[test]
    fn another_act_than_the_mandate_allows_is_named() {
        let given = given();
        let both = [given.grant.clone(), given.confirm.clone()];
        let act = |change: &dyn Fn(&mut Evidence)| {
            let mut evidence = given.evidence.clone();
            change(&mut evidence);
            why(judged(&given, &both, &evidence))
        };
        assert_eq!(act(&|one| one.to = "9970000037".parse().unwrap()), Refusal::MandateCounterparty);
        assert_eq!(act(&|one| one.at = "2027-01-02T00:00:00Z".parse().unwrap()), Refusal::MandateExpired);
        assert_eq!(act(&|one| one.at = now() - SignedDuration::from_hours(1)), Refusal::MandateUnconfirmed);
        assert_eq!(act(&|one| one.from = "9970000037".parse().unwrap()), Refusal::MandateNotSignedByIt);
        let other = |one: &mut Evidence| one.by.as_mut().unwrap().digest.replace_range(..2, "00");
        assert_eq!(act(&other), Refusal::EvidenceBroken);
        // What the agent did for the other office, under a mandate of this one.
        let acknowledged = |one: &mut Evidence| {
            (one.event, one.receipt) = (Event::ContentHandover, Some("r@plans.example".into()));
            (one.from, one.to) = (one.to, one.from);
        };
        assert_eq!(act(&acknowledged), Refusal::MandateScope);
        let own = deed(
            &Deed::Grant(Box::new(
                serde_json::from_value(serde_json::json!({
                    "v": 1, "office": "9970000011", "agent": "kawara", "scopes": ["send"], "from": "2026-11-01",
                    "until": "2026-12-31", "granted": now(),
                }))
                .unwrap(),
            )),
            &given.agent,
            given.grant.mandate,
        );
        assert_eq!(why(judged(&given, &[own, given.confirm.clone()], &given.evidence)), Refusal::MandateNotSignedByIt);
    }
}

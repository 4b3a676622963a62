//! 登録簿, the roll: who may log in, sign, send and receive, as one snapshot.

use std::collections::{BTreeSet, HashMap};

use fumibako_careplan::OfficeNumber;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use crate::account::{Account, AppPassword, Role};
use crate::address::{AgentId, Domain, Party};
use crate::licence::{LicenceTerms, Licensing};
use crate::mandate::{Act, MandateId, MandateState, Registered, Scope, allowing};
use crate::refusal::{Refusal, Refused};

/// A care office on the roll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Office {
    /// 事業所番号.
    pub number: OfficeNumber,
    /// 事業所名, as shown.
    pub name: String,
    /// The days of its licence, if it ever had one: what [`Licensing::run`] says. Changed by orders about the licence alone.
    pub licence: Option<Licence>,
    /// Why it is suspended, if it is.
    pub suspended: Option<String>,
}

/// ライセンス: first and last day, in Japanese time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// The first day.
    pub from: Date,
    /// The last day; it still counts.
    pub until: Date,
}

/// A proxy agent on the roll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// 代行業者 id.
    pub id: AgentId,
    /// 名称, as shown.
    pub name: String,
    /// Why it is suspended, if it is.
    pub suspended: Option<String>,
}

/// What names a certificate in the roll: its issuer (RFC 4514 text) and serial number (hex).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CertificateKey {
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The serial number in lower-case hex.
    pub serial: String,
}

/// A certificate on the roll: whose it is, and what a sender encrypts to.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// What names it.
    pub key: CertificateKey,
    /// Whose it is.
    pub party: Party,
    /// Its octets (DER).
    pub der: Vec<u8>,
    /// Its first moment.
    pub from: Timestamp,
    /// Its last moment.
    pub until: Timestamp,
    /// Since when it counts no longer (Profile §19.12); it stays for what was signed before.
    pub removed: Option<Timestamp>,
}

/// Which end of a bundle an office stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It sends.
    Sender,
    /// It receives.
    Recipient,
}

impl End {
    /// Why an office that stands here is refused: it is unknown, suspended, without a licence.
    const fn refusals(self) -> (Refusal, Refusal, Refusal) {
        match self {
            Self::Sender => (Refusal::SenderUnknown, Refusal::SenderSuspended, Refusal::SenderNotLicensed),
            Self::Recipient => (Refusal::RecipientUnknown, Refusal::RecipientSuspended, Refusal::RecipientNotLicensed),
        }
    }
}

/// The roll at one moment. Admission reads it; administration replaces it whole.
#[derive(Clone, Debug)]
pub struct Roll {
    domain: Domain,
    offices: HashMap<OfficeNumber, Office>,
    accounts: HashMap<String, Account>,
    /// By their own user IDs.
    app_passwords: HashMap<String, AppPassword>,
    certificates: HashMap<CertificateKey, Enrolled>,
    /// Whose they are: few for each.
    held: HashMap<Party, Vec<CertificateKey>>,
    agents: HashMap<AgentId, Agent>,
    /// By office: few for each.
    mandates: HashMap<OfficeNumber, Vec<Registered>>,
    /// The offices that ever gave an agent a mandate.
    served: HashMap<AgentId, BTreeSet<OfficeNumber>>,
    /// By office: those that ever had one.
    licences: HashMap<OfficeNumber, Licensing>,
    /// 利用規約 in force.
    terms: Option<LicenceTerms>,
}

impl Roll {
    /// A snapshot of these rows.
    pub fn new(
        domain: Domain,
        offices: impl IntoIterator<Item = Office>,
        accounts: impl IntoIterator<Item = Account>,
        certificates: impl IntoIterator<Item = Enrolled>,
    ) -> Self {
        let certificates: HashMap<_, _> =
            certificates.into_iter().map(|enrolled| (enrolled.key.clone(), enrolled)).collect();
        let mut held = HashMap::<_, Vec<_>>::new();
        for enrolled in certificates.values() {
            held.entry(enrolled.party.clone()).or_default().push(enrolled.key.clone());
        }
        let offices: HashMap<_, _> = offices.into_iter().map(|office| (office.number, office)).collect();
        let granted = |office: &Office| office.licence.map(|days| (office.number, Licensing::granted(days)));
        Self {
            domain,
            licences: offices.values().filter_map(granted).collect(),
            terms: None,
            offices,
            accounts: accounts.into_iter().map(|account| (account.login.clone(), account)).collect(),
            app_passwords: HashMap::new(),
            certificates,
            held,
            agents: HashMap::new(),
            mandates: HashMap::new(),
            served: HashMap::new(),
        }
    }

    /// The same roll with these agents and mandates.
    #[must_use]
    pub fn delegating(
        mut self,
        agents: impl IntoIterator<Item = Agent>,
        mandates: impl IntoIterator<Item = Registered>,
    ) -> Self {
        self.agents = agents.into_iter().map(|agent| (agent.id.clone(), agent)).collect();
        for one in mandates {
            self.served.entry(one.mandate.agent.clone()).or_default().insert(one.mandate.office);
            self.mandates.entry(one.mandate.office).or_default().push(one);
        }
        self
    }

    /// The same roll with these licences, and these terms in force.
    #[must_use]
    pub fn licensing(
        mut self,
        licences: impl IntoIterator<Item = (OfficeNumber, Licensing)>,
        terms: Option<LicenceTerms>,
    ) -> Self {
        self.licences = licences.into_iter().collect();
        for (number, licensing) in &self.licences {
            if let Some(office) = self.offices.get_mut(number) {
                office.licence = licensing.run();
            }
        }
        self.terms = terms;
        self
    }

    /// The licence of an office, if it ever had one.
    pub fn licence(&self, number: OfficeNumber) -> Option<&Licensing> {
        self.licences.get(&number)
    }

    /// 利用規約 in force.
    pub fn terms(&self) -> Option<&LicenceTerms> {
        self.terms.as_ref()
    }

    /// The same roll with these application passwords.
    #[must_use]
    pub fn with_app_passwords(mut self, all: impl IntoIterator<Item = AppPassword>) -> Self {
        self.app_passwords = all.into_iter().map(|app| (app.login.clone(), app)).collect();
        self
    }

    /// The mail domain of this gateway.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// An office by number.
    pub fn office(&self, number: OfficeNumber) -> Option<&Office> {
        self.offices.get(&number)
    }

    /// All offices, in no order.
    pub fn offices(&self) -> impl Iterator<Item = &Office> {
        self.offices.values()
    }

    /// A login.
    pub fn account(&self, login: &str) -> Option<&Account> {
        self.accounts.get(login)
    }

    /// All logins, in no order.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// An application password by its own user ID, with the login whose it is.
    pub fn app_password(&self, login: &str) -> Option<(&AppPassword, &Account)> {
        let app = self.app_passwords.get(login)?;
        Some((app, self.account(app.parts().0)?))
    }

    /// The application passwords of a login, by name.
    pub fn app_passwords_of(&self, login: &str) -> Vec<&AppPassword> {
        let mut all: Vec<_> = self.app_passwords.values().filter(|app| app.parts().0 == login).collect();
        all.sort_by(|a, b| a.login.cmp(&b.login));
        all
    }

    /// Profile §19.1 to §19.3, §19.8: whoever logged in with this user ID still may be here, and what he may do now.
    pub fn stands(&self, login: &str) -> Result<Role, Refused> {
        let account = self.account(login).or_else(|| self.app_password(login).map(|(_, account)| account));
        let account = account.ok_or_else(|| Refusal::LoginNeeded.about(login))?;
        account.in_order()?;
        if account.temporary { Err(Refusal::PasswordTemporary.into()) } else { Ok(account.role) }
    }

    /// Profile §19.12: a certificate that was taken off the roll is nobody's any more.
    pub fn not_removed(&self, key: &CertificateKey) -> Result<(), Refused> {
        match self.certificates.get(key) {
            Some(known) if known.removed.is_some() => {
                Err(Refusal::CertificateRemoved.about(format_args!("serial {}", key.serial)))
            }
            _ => Ok(()),
        }
    }

    /// Whose certificate this is, by the roll (Profile §5.4).
    pub fn holder(&self, key: &CertificateKey) -> Result<Party, Refused> {
        let known = self.certificates.get(key).map(|enrolled| enrolled.party.clone());
        known.ok_or_else(|| Refusal::CertificateNamesNobody.about(format_args!("serial {}", key.serial)))
    }

    /// The certificates on the roll, in no order.
    pub fn certificates(&self) -> impl Iterator<Item = &Enrolled> {
        self.certificates.values()
    }

    /// The certificates of a party that are valid at this moment.
    pub fn current(&self, party: &Party, now: Timestamp) -> impl Iterator<Item = &Enrolled> {
        let current = move |enrolled: &&Enrolled| enrolled.is_current(now);
        let held = self.held.get(party).into_iter().flatten();
        held.filter_map(|key| self.certificates.get(key)).filter(current)
    }

    /// An agent by id.
    pub fn agent(&self, id: &AgentId) -> Option<&Agent> {
        self.agents.get(id)
    }

    /// All agents, in no order.
    pub fn agents(&self) -> impl Iterator<Item = &Agent> {
        self.agents.values()
    }

    /// All mandates, in no order.
    pub fn mandates(&self) -> impl Iterator<Item = &Registered> {
        self.mandates.values().flatten()
    }

    /// A mandate by its id.
    pub fn mandate_by_id(&self, id: MandateId) -> Option<&Registered> {
        self.mandates().find(|one| one.id == id)
    }

    /// The mandates between an office and an agent, in no order.
    pub fn between(&self, office: OfficeNumber, agent: &AgentId) -> impl Iterator<Item = &Registered> {
        self.mandates.get(&office).into_iter().flatten().filter(move |one| one.mandate.agent == *agent)
    }

    /// Profile §9.4: the mandate under which an agent may do this for an office at this moment. Where none allows it, the
    /// refusal is that of the mandate that comes nearest.
    pub fn mandate(
        &self,
        office: OfficeNumber,
        agent: &AgentId,
        act: Act<'_>,
        now: Timestamp,
    ) -> Result<&Registered, Refused> {
        self.agent_in_order(agent)?;
        allowing(self.between(office, agent), office, act, now)
    }

    /// Some mandate of the office is in force, whatever it allows.
    pub fn any_mandate(&self, office: OfficeNumber, agent: &AgentId, now: Timestamp) -> Result<(), Refused> {
        self.agent_in_order(agent)?;
        if self.between(office, agent).any(|one| one.state(now) == MandateState::InForce) {
            return Ok(());
        }
        let refusals = Scope::ALL.map(|scope| self.mandate(office, agent, Act::Any(scope), now).err());
        Err(refusals.into_iter().flatten().next().unwrap_or_else(|| Refusal::NotMandated.about(office)))
    }

    /// All that an agent may do for an office at this moment, whatever its mandates are limited to.
    pub fn scopes(&self, office: OfficeNumber, agent: &AgentId, now: Timestamp) -> BTreeSet<Scope> {
        let in_force = self.between(office, agent).filter(|one| one.state(now) == MandateState::InForce);
        let scopes = in_force.flat_map(|one| one.mandate.scopes.iter().copied()).collect();
        self.agent_in_order(agent).map(|_| scopes).unwrap_or_default()
    }

    /// The offices that an agent may do something for at this moment, by number.
    pub fn offices_of(&self, agent: &AgentId, now: Timestamp) -> BTreeSet<OfficeNumber> {
        let in_force =
            |office: &OfficeNumber| self.between(*office, agent).any(|one| one.state(now) == MandateState::InForce);
        let served = self.served.get(agent).filter(|_| self.agent_in_order(agent).is_ok());
        served.into_iter().flatten().copied().filter(in_force).collect()
    }

    /// What offices ever let an agent do, up to this moment, whatever became of their mandates.
    pub fn ever_opened(
        &self,
        agent: &AgentId,
        now: Timestamp,
    ) -> impl Iterator<Item = (OfficeNumber, BTreeSet<Scope>)> {
        let scopes = move |office: &OfficeNumber| {
            let ever = self.between(*office, agent).filter(|one| one.was_in_force(now));
            (*office, ever.flat_map(|one| one.mandate.scopes.iter().copied()).collect())
        };
        self.served.get(agent).into_iter().flatten().map(scopes)
    }

    /// How many offices ever gave an agent a mandate.
    pub fn served_by(&self, agent: &AgentId) -> usize {
        self.served.get(agent).map_or(0, BTreeSet::len)
    }

    /// The agents that may do something for an office at this moment, and what.
    pub fn agents_of(&self, office: OfficeNumber, now: Timestamp) -> Vec<(OfficeNumber, AgentId, BTreeSet<Scope>)> {
        let all: BTreeSet<_> = self.mandates.get(&office).into_iter().flatten().map(|one| &one.mandate.agent).collect();
        let scopes = all.into_iter().map(|agent| (office, agent.clone(), self.scopes(office, agent, now)));
        scopes.filter(|(.., scopes)| !scopes.is_empty()).collect()
    }

    /// Did an office never let an agent receive for it, up to this moment? Then nobody but itself touched its mail.
    pub fn always_received_alone(&self, office: OfficeNumber, now: Timestamp) -> bool {
        let receives = |one: &Registered| one.mandate.scopes.contains(&Scope::Receive) && one.was_in_force(now);
        !self.mandates.get(&office).into_iter().flatten().any(receives)
    }

    /// Profile §9.8: the agent is on the roll, and not suspended.
    pub fn agent_in_order(&self, agent: &AgentId) -> Result<&Agent, Refused> {
        let known = self.agents.get(agent).ok_or_else(|| Refusal::AgentUnknown.about(agent))?;
        if known.suspended.is_some() { Err(Refusal::AgentSuspended.about(agent)) } else { Ok(known) }
    }

    /// Profile §5.6: the office is registered.
    pub fn registered(&self, number: OfficeNumber, end: End) -> Result<&Office, Refused> {
        self.offices.get(&number).ok_or_else(|| end.refusals().0.about(number))
    }

    /// Profile §5.6: the office is registered, and not suspended itself, however its licence stands.
    pub fn in_order(&self, number: OfficeNumber, end: End) -> Result<&Office, Refused> {
        let office = self.registered(number, end)?;
        if office.suspended.is_some() { Err(end.refusals().1.about(number)) } else { Ok(office) }
    }

    /// Profile §5.6: the office is registered, not suspended, and licensed at this moment.
    pub fn licensed(&self, number: OfficeNumber, end: End, now: Timestamp) -> Result<&Office, Refused> {
        let office = self.in_order(number, end)?;
        let (_, suspended, unlicensed) = end.refusals();
        // From the first day's midnight to the end of the last day, in Japan.
        match self.licences.get(&number) {
            Some(licence) if licence.suspended.is_some() => Err(suspended.about(number)),
            Some(licence) if licence.covers(japanese_day(now)) => Ok(office),
            _ => Err(unlicensed.about(number)),
        }
    }
}

impl Enrolled {
    /// Does it count at this moment?
    pub fn is_current(&self, now: Timestamp) -> bool {
        self.removed.is_none() && (self.from..=self.until).contains(&now)
    }
}

impl std::fmt::Debug for Enrolled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrolled").field("key", &self.key).field("party", &self.party).finish_non_exhaustive()
    }
}

/// Japan's standard time, nine hours ahead of UTC all year.
pub const JAPAN: Offset = Offset::constant(9);

/// The date in Japan at a moment.
pub fn japanese_day(at: Timestamp) -> Date {
    JAPAN.to_datetime(at).date()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn office(number: &str, licence: Option<Licence>, suspended: Option<&str>) -> Office {
        let number = number.parse().unwrap();
        Office { number, name: "ひまわり訪問介護".into(), licence, suspended: suspended.map(Into::into) }
    }

    fn roll() -> Roll {
        let year = Licence { from: date(2026, 4, 1), until: date(2027, 3, 31) };
        Roll::new(
            "plans.example".parse().unwrap(),
            [
                office("9970000011", Some(year), None),
                office("9970000029", None, None),
                office("9970000037", Some(year), Some("届出の確認中")),
            ],
            [],
            [Enrolled {
                key: CertificateKey { issuer: "CN=Test CA".into(), serial: "0a".into() },
                party: Party::Office("9970000029".parse().unwrap()),
                der: vec![0x30],
                from: "2026-01-01T00:00:00Z".parse().unwrap(),
                until: "2026-12-31T23:59:59Z".parse().unwrap(),
                removed: None,
            }],
        )
    }

    #[track_caller]
    fn refused(number: &str, end: End, now: &str) -> Option<Refusal> {
        roll().licensed(number.parse().unwrap(), end, now.parse().unwrap()).err().map(|refused| refused.why)
    }

    #[test]
    fn a_licence_counts_through_its_last_day_in_japan() {
        assert_eq!(refused("9970000011", End::Sender, "2026-03-31T14:59:59Z"), Some(Refusal::SenderNotLicensed));
        assert_eq!(refused("9970000011", End::Sender, "2026-03-31T15:00:00Z"), None);
        assert_eq!(refused("9970000011", End::Sender, "2027-03-31T14:59:59Z"), None);
        assert_eq!(refused("9970000011", End::Sender, "2027-03-31T15:00:00Z"), Some(Refusal::SenderNotLicensed));
    }

    #[test]
    fn each_end_has_its_own_refusals() {
        let now = "2026-11-25T00:00:00Z";
        assert_eq!(refused("9970000029", End::Sender, now), Some(Refusal::SenderNotLicensed));
        assert_eq!(refused("9970000029", End::Recipient, now), Some(Refusal::RecipientNotLicensed));
        assert_eq!(refused("9970000037", End::Recipient, now), Some(Refusal::RecipientSuspended));
        assert_eq!(refused("9970000045", End::Recipient, now), Some(Refusal::RecipientUnknown));
        assert_eq!(refused("9970000045", End::Sender, now), Some(Refusal::SenderUnknown));
    }

    // Profile §5.6, §10
    #[test]
    fn an_office_is_in_order_without_a_licence_and_not_while_it_is_suspended() {
        let in_order =
            |number: &str, end| roll().in_order(number.parse().unwrap(), end).err().map(|refused| refused.why);
        assert_eq!(in_order("9970000029", End::Sender), None);
        assert_eq!(in_order("9970000037", End::Sender), Some(Refusal::SenderSuspended));
        assert_eq!(in_order("9970000037", End::Recipient), Some(Refusal::RecipientSuspended));
        assert_eq!(in_order("9970000045", End::Recipient), Some(Refusal::RecipientUnknown));
        assert!(roll().registered("9970000037".parse().unwrap(), End::Recipient).is_ok());
    }

    #[test]
    fn the_roll_knows_a_certificate_by_issuer_and_serial_number() {
        let key = |serial: &str| CertificateKey { issuer: "CN=Test CA".into(), serial: serial.into() };
        assert_eq!(roll().holder(&key("0a")).map(|party| party.to_string()).as_deref(), Ok("9970000029"));
        assert_eq!(roll().holder(&key("0b")).unwrap_err().why, Refusal::CertificateNamesNobody);
    }

    #[test]
    fn a_certificate_is_current_from_its_first_to_its_last_second() {
        let count = |party: &str, now: &str| roll().current(&party.parse().unwrap(), now.parse().unwrap()).count();
        assert_eq!(count("9970000029", "2025-12-31T23:59:59Z"), 0);
        assert_eq!(count("9970000029", "2026-01-01T00:00:00Z"), 1);
        assert_eq!(count("9970000029", "2026-12-31T23:59:59Z"), 1);
        assert_eq!(count("9970000029", "2027-01-01T00:00:00Z"), 0);
        assert_eq!(count("9970000011", "2026-06-01T00:00:00Z"), 0);
    }
}

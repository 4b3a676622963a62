use super::*;

fn account(temporary: bool) -> Account {
    Account {
        login: "KJ0199700000".into(),
        party: "9970000011".parse().unwrap(),
        password_hash: String::new(),
        scram: String::new(),
        password_set: at(0),
        temporary,
        role: Role::Manager,
        suspended: None,
        withdrawn: 0,
    }
}

fn at(days: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + days * 86_400).unwrap()
}

fn app(doors: &[Door]) -> AppPassword {
    AppPassword {
        login: "KJ0199700000/outlook".into(),
        password_hash: String::new(),
        scram: String::new(),
        doors: doors.iter().copied().collect(),
        made: at(0),
        used: None,
    }
}

// Profile §19.3, §19.5
#[test]
fn a_password_ends_where_it_should_and_is_warned_of_before() {
    let rules = PasswordRules { expire_days: 90, ..PasswordRules::default() };
    let state = |days| account(false).password(&rules, at(days));
    assert_eq!(state(0), PasswordState::Good(Some(at(90))));
    assert_eq!(state(75), PasswordState::Good(Some(at(90))));
    assert_eq!(state(76), PasswordState::Soon(at(90)));
    assert_eq!(state(89), PasswordState::Soon(at(90)));
    assert_eq!(state(90), PasswordState::Expired);
    assert_eq!(account(false).password(&PasswordRules::default(), at(9_000)), PasswordState::Good(None));
    let temporary = |days| account(true).password(&rules, at(days));
    assert_eq!(temporary(6), PasswordState::Temporary(at(7)));
    assert_eq!(temporary(7), PasswordState::Lapsed);
}

// Profile §19.2, §19.3, §19.5, §19.8: every state at every door.
#[test]
fn what_is_not_in_order_opens_no_door_and_says_why() {
    let rules = PasswordRules { expire_days: 90, ..PasswordRules::default() };
    let suspended = Account { suspended: Some("届出の確認中".into()), ..account(false) };
    let mail = app(&[Door::Imap]);
    for (door, _) in Door::ALL {
        let why = |account: &Account, app: Option<&AppPassword>, days| {
            account.opens(app, door, &rules, at(days)).err().map(|refused| refused.why)
        };
        let elsewhere = (door != Door::Imap).then_some(Refusal::AppPasswordElsewhere);
        assert_eq!(why(&account(false), None, 1), None);
        assert_eq!(why(&account(false), Some(&mail), 1), elsewhere);
        for app in [None, Some(&mail)] {
            assert_eq!(why(&account(false), app, 90), Some(Refusal::PasswordExpired));
            assert_eq!(why(&account(true), app, 1), Some(Refusal::PasswordTemporary));
            assert_eq!(why(&account(true), app, 7), Some(Refusal::PasswordLapsed));
            assert_eq!(why(&suspended, app, 1), Some(Refusal::AccountSuspended));
        }
    }
    let change = |account: Account, days| account.may_change(&rules, at(days)).err().map(|refused| refused.why);
    assert_eq!([change(account(true), 6), change(account(false), 900)], [None, None]);
    assert_eq!(change(account(true), 7), Some(Refusal::PasswordLapsed));
    assert_eq!(change(suspended, 1), Some(Refusal::AccountSuspended));
}

// Profile §19.4
#[test]
fn what_is_tried_first_is_no_password() {
    let rules = PasswordRules::default();
    let judge = |new: &str| rules.judge(new, "old-password-of-me", ("KJ0199700000", "9970000011"));
    for good in ["yama ni noboru ko", "青い空と白い雲を見上げていた", "tR8-kd93-xmQ2"] {
        assert_eq!(judge(good), Ok(()), "{good}");
    }
    assert_eq!(judge("short-pass1"), Err(Unfit::Short(12)));
    assert_eq!(judge("十一文字のパスワードだ"), Err(Unfit::Short(12)), "characters, not bytes");
    assert_eq!(judge(&"ab cd ".repeat(171)), Err(Unfit::Long));
    assert_eq!(judge("with\ttab inside"), Err(Unfit::Control));
    assert_eq!(judge("old-password-of-me"), Err(Unfit::Same));
    for named in ["my kj0199700000 !", "9970000011-himitsu"] {
        assert_eq!(judge(named), Err(Unfit::Name), "{named}");
    }
    for simple in [
        "password1234",
        "Passw0rd!2026",
        "passwordpassword",
        "aaaaaaaaaaaaaaa",
        "121212121212",
        "1234567890123",
        "fumibako-2026",
        "lkjihgfedcba",
    ] {
        assert_eq!(judge(simple), Err(Unfit::Simple), "{simple}");
    }
}

// Profile §19.1
#[test]
fn each_role_has_its_own_rights() {
    let may = |role: Role| Scope::ALL.map(|scope| role.allows(scope));
    assert_eq!((may(Role::Manager), may(Role::Staff)), ([true; 4], [true; 4]));
    for scope in Scope::ALL {
        assert_ne!(Role::Sender.allows(scope), Role::Receiver.allows(scope), "{scope:?}");
    }
    let managing = Role::ALL.map(|(role, _)| role.manages());
    assert_eq!(managing, [true, false, false, false]);
    for (role, word) in Role::ALL {
        assert_eq!((role.to_string().as_str(), word.parse()), (word, Ok(role)));
    }
    assert_eq!("boss".parse::<Role>().unwrap_err().to_string(), "not one of: manager, staff, sender, receiver");
}

// Profile §19.7
#[test]
fn an_application_password_has_a_user_id_of_its_own() {
    assert_eq!(AppPassword::full("KJ01", "outlook-2").as_deref(), Ok("KJ01/outlook-2"));
    assert_eq!(app(&[]).parts(), ("KJ0199700000", "outlook"));
    for bad in ["", "Outlook", "a/b", "a b", &"a".repeat(25)] {
        assert_eq!(AppPassword::full("KJ01", bad).unwrap_err().why, Refusal::ValueUnfit, "{bad}");
    }
}

//! The office's key on a PKCS#11 token: a smart card, a stick, a security module. It stays there and works for us.

use std::path::PathBuf;

#[cfg(feature = "token")]
use fumibako_model::Private;
use fumibako_signer::Identity;
#[cfg(feature = "token")]
use fumibako_signer::{Certificate, IdentityError, Keyring, Token, TokenError};
use serde::Deserialize;

#[cfg(feature = "token")]
use super::{first_line, read_small};
use crate::trouble::{NoToken, Trouble};

/// Where the token is. Its PIN stands in a file, as every secret.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenPlace {
    /// The library (PKCS#11 module) of the token's maker. No default.
    pub module: PathBuf,
    /// The token's name. No default.
    pub label: String,
    /// File whose first line is the PIN. No default. Only you should be able to read it. It is tried once a run: most
    /// tokens lock after a few wrong ones.
    pub pin_file: PathBuf,
    /// PEM file with the office's certificate and those above it, for a token that holds the key only. Default empty: the
    /// certificates are on the token.
    #[serde(default)]
    pub certificate_file: PathBuf,
}

impl TokenPlace {
    pub(super) fn paths_mut(&mut self) -> [&mut PathBuf; 3] {
        [&mut self.module, &mut self.pin_file, &mut self.certificate_file]
    }

    /// Every identity of the token (Profile §4.14): first the newest that may sign, then the others, which open what was
    /// encrypted to them.
    #[cfg(feature = "token")]
    pub(super) fn keys(&self) -> Result<Vec<Identity>, Trouble> {
        let Private(pin) = first_line(&self.pin_file)?;
        if !self.module.exists() {
            return Err(self.no(NoToken::Module("no such file".into())));
        }
        let token = Token::open(&self.module, &self.label, &pin).map_err(|why| self.no(why.into()))?;
        let mut found = token.identities().map_err(|why| self.no(why.into()))?;
        found.extend(self.beside(&token)?);
        let ring = Keyring::new(found).map_err(|why| self.no(TokenError::from(why).into()))?;
        let signs = |identity: &Identity| {
            let alone = Keyring::new([identity.clone()]);
            alone.is_ok_and(|alone| alone.signer(identity.certificate().not_before()).is_some())
        };
        let (mut keys, others): (Vec<_>, Vec<_>) = ring.all().iter().cloned().partition(signs);
        if keys.is_empty() {
            return Err(self.no(NoToken::NoKey));
        }
        keys.extend(others);
        Ok(keys)
    }

    /// This program was built without tokens.
    #[cfg(not(feature = "token"))]
    pub(super) fn keys(&self) -> Result<Vec<Identity>, Trouble> {
        Err(self.no(NoToken::Unsupported))
    }

    /// The certificates of `certificate_file` whose keys are on the token.
    #[cfg(feature = "token")]
    fn beside(&self, token: &Token) -> Result<Vec<Identity>, Trouble> {
        if self.certificate_file.as_os_str().is_empty() {
            return Ok(Vec::new());
        }
        let unfit = |_| Trouble::Identity(self.certificate_file.clone(), IdentityError::NoCertificate);
        let all = Certificate::many_from_pem(&read_small(&self.certificate_file)?).map_err(unfit)?;
        let mut found = Vec::new();
        for certificate in &all {
            let chain: Vec<_> = all.iter().filter(|other| *other != certificate).cloned().collect();
            match token.identity(certificate, &chain) {
                Ok(identity) => found.push(identity),
                Err(TokenError::NoKey) => {}
                Err(why) => return Err(self.no(why.into())),
            }
        }
        Ok(found)
    }

    fn no(&self, why: NoToken) -> Trouble {
        Trouble::Token { module: self.module.clone(), label: self.label.clone(), why }
    }
}

#[cfg(feature = "token")]
impl From<TokenError> for NoToken {
    fn from(why: TokenError) -> Self {
        match why {
            TokenError::Library(why) => Self::Module(why),
            TokenError::NoToken(_) => Self::Missing,
            TokenError::WrongPin => Self::WrongPin,
            TokenError::Locked => Self::Locked,
            TokenError::NoKey => Self::NoKey,
            why @ (TokenError::Identity(_) | TokenError::Failed(_)) => Self::Failed(why.to_string()),
        }
    }
}

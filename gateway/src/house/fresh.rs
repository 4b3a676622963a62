//! A house in a fresh folder, without doors: for tests.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use fumibako_sqlite::SqliteStore;
use fumibako_store::Store;

use super::{Believed, House, Own};
use crate::clock::Clock;
use crate::gateway::Addresses;
use crate::init::{InitOptions, Ports, init};
use crate::trust;
use crate::witness::{self, Loaded};

pub(crate) async fn house(folder: &Path) -> House<SqliteStore> {
    let domain = "plans.example".parse().unwrap();
    let options = InitOptions { dir: folder.into(), domain, dev_ca: true, ports: Ports::Ephemeral };
    let config = init(&options, Clock.now()).unwrap();
    let Loaded { witness, believed, .. } = witness::load(&config.evidence).unwrap();
    let trust = Arc::new(trust::load(&config.trust_folder).unwrap());
    let store = SqliteStore::open(&config.store_folder, options.domain).await.unwrap();
    let nowhere: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let addresses = Addresses {
        submission_tls: nowhere,
        submission_starttls: nowhere,
        imap_tls: nowhere,
        imap_starttls: nowhere,
        pop3_tls: nowhere,
        pop3_starttls: None,
        https: nowhere,
        metrics: None,
    };
    let begun = witness::begin(&store, &config, (&witness, believed), Clock.now());
    let (witnessing, keys) = begun.await.unwrap();
    let promised = store.promised(config.retention()).await.unwrap();
    let own = Own { addresses, nobody: [0; 32], witness, keys, witnessing, promised };
    House::new(store, config, Believed { trust, name: String::new() }, own)
}

//! `serve`: runs the gateway until it is told to stop (SIGINT, SIGTERM).

use std::io::IsTerminal;

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{Context, Failure, Format, runtime};
use crate::gateway::Gateway;

#[derive(Debug, clap::Args)]
pub(super) struct Serve {}

impl Serve {
    #[expect(clippy::unused_self, reason = "every command has the same shape")]
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Failure> {
        log(context.format);
        let config = context.load()?;
        runtime()?.block_on(async {
            // Before the doors open: a signal must never find nobody waiting for it.
            let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            let running = Gateway::start(config).await?;
            let listening = running.addresses().to_string();
            context.say(
                &format!("稼働中です（{listening}）。止めるには Ctrl-C を押してください。"),
                &format!("Running ({listening}). Press Ctrl-C to stop."),
            )?;
            let broken = tokio::select! {
                _ = interrupt.recv() => false,
                _ = terminate.recv() => false,
                () = running.broken() => true,
            };
            context.say("停止しています。", "Stopping.")?;
            running.stop().await;
            if broken { Err(Failure::Broken) } else { Ok(()) }
        })
    }
}

/// Events go to standard error; `RUST_LOG` chooses which, `info` by default.
fn log(format: Format) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let events = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(std::io::stderr);
    let set = match format {
        Format::Text => events.try_init(),
        Format::Json | Format::Ndjson => events.json().try_init(),
    };
    // Already set when the gateway runs inside another program, whose choice then holds.
    set.unwrap_or_default();
}

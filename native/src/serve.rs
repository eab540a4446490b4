//! `highwater serve`: the app, embedded in this binary, for a browser on this machine.
//!
//! `page` holds the embedded files, `site` answers requests from them, `http` speaks to the network.

mod address;
mod csp;
mod http;
mod offer;
mod page;
mod site;

use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::outcome::Outcome;
use site::{Hosts, Site};

/// Arguments of `highwater serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: highwater serve --port 9000 --open
         highwater bench all --json mine.json && highwater serve --measurement mine.json --open")]
pub(crate) struct Args {
    /// Address to listen on; anything but loopback lets other machines in
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port to listen on: the next free one if it is taken, any free one if 0
    #[arg(long, value_name = "N", default_value_t = 8080)]
    port: u16,
    /// File that `highwater bench --json` wrote, for the page's Measure door; read once, at the start
    #[arg(long, value_name = "FILE")]
    measurement: Option<PathBuf>,
    /// Open the page in the default browser
    #[arg(long)]
    open: bool,
}

/// Serves until interrupted.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    ensure!(
        !page::FILES.is_empty(),
        "this binary was built without the page: `./run` builds both, or `trunk build --release` and then `cargo build --release -p highwater`"
    );
    let measurement = args.measurement.as_deref().map(offer::read).transpose()?;
    let listener = address::bind(args.host, args.port)?;
    let bound = listener.local_addr()?;
    let hosts = if bound.ip().is_loopback() { Hosts::Loopback } else { Hosts::Any };
    let site = Site::new(page::FILES, hosts, measurement);
    http::serve_until_interrupted(listener, site, || {
        // Scripts wait for this line, so nothing else goes to standard output.
        println!("Listening on http://{bound}/");
        if hosts == Hosts::Any {
            eprintln!("Anyone who can reach this machine at {} can open the page.", bound.ip());
        }
        if args.open {
            address::open_in_browser(bound);
        }
    })?;
    Ok(Outcome::Interrupted)
}

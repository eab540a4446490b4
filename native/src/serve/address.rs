//! Where to listen, and how to show it to a person.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};

use anyhow::{Context, Result, anyhow};

/// How many ports after the wanted one are tried.
const PORTS_TRIED: u16 = 100;

/// Listens on `port`, or on the next free one, and says so on standard error.
pub(crate) fn bind(host: IpAddr, port: u16) -> Result<TcpListener> {
    let last = port.saturating_add(PORTS_TRIED);
    for candidate in port..=last {
        match TcpListener::bind((host, candidate)) {
            Ok(listener) => {
                if candidate != port {
                    eprintln!("Port {port} is taken, so this is port {candidate}.");
                }
                return Ok(listener);
            }
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => {
                return Err(error).with_context(|| format!("can't listen on {}", SocketAddr::new(host, candidate)));
            }
        }
    }
    Err(anyhow!("ports {port} to {last} of {host} are all taken: choose another with --port, or let the system choose with --port 0"))
}

/// Opens the page in the default browser; without one, says so and goes on.
pub(crate) fn open_in_browser(bound: SocketAddr) {
    let url = format!("http://{bound}/");
    if !has_screen() || open::that_detached(&url).is_err() {
        eprintln!("No browser could be opened here: open {url} yourself.");
    }
}

/// Without a screen, the opener of a Linux desktop would start a text browser in this terminal.
fn has_screen() -> bool {
    let unix_desktop = cfg!(all(unix, not(target_os = "macos")));
    !unix_desktop || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_taken_port_gives_the_next_free_one() {
        let first = bind(LOOPBACK, 0).expect("any port");
        let taken = first.local_addr().expect("bound").port();
        let second = bind(LOOPBACK, taken).expect("the next port");
        assert!(second.local_addr().expect("bound").port() > taken);
    }

    #[test]
    fn an_address_of_another_machine_is_refused_by_name() {
        let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
        let error = bind(elsewhere, 0).expect_err("not an address of this machine");
        assert!(format!("{error:#}").contains("192.0.2.1"), "{error:#}");
    }
}

//! HTTP/1.1 over hyper: of the servers for Rust it is the best kept, and small without a framework on top.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpStream;

use super::site::Site;

/// How long answers under way may take after an interruption.
const GRACE: Duration = Duration::from_secs(2);
/// How long a client may take to say what it wants.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves until Ctrl-C or a termination signal, then lets answers under way finish. `ready` is called when both are looked out for.
pub(crate) fn serve_until_interrupted(listener: TcpListener, site: Site, ready: impl FnOnce()) -> io::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(listener, Arc::new(site), ready))
}

async fn serve(listener: TcpListener, site: Arc<Site>, ready: impl FnOnce()) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let connections = GracefulShutdown::new();
    let mut interrupted = std::pin::pin!(interruption()?);
    ready();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => spawn_connection(stream, &site, &connections),
                // Out of file descriptors, or a client that hung up: neither ends the service.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            result = &mut interrupted => {
                result?;
                break;
            }
        }
    }
    let _ = tokio::time::timeout(GRACE, connections.shutdown()).await;
    Ok(())
}

fn spawn_connection(stream: TcpStream, site: &Arc<Site>, connections: &GracefulShutdown) {
    let site = Arc::clone(site);
    let service = service_fn(move |request: Request<Incoming>| {
        let (parts, _body) = request.into_parts();
        let answer = site.answer(&parts).map(|body| Full::new(Bytes::from_static(body)));
        async move { Ok::<_, Infallible>(answer) }
    });
    let connection =
        http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).serve_connection(TokioIo::new(stream), service);
    // A client that goes away in the middle is its own business.
    tokio::spawn(connections.watch(connection));
}

/// Watches for signals from the moment of the call, not only once it is awaited.
#[cfg(unix)]
fn interruption() -> io::Result<impl Future<Output = io::Result<()>>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => Ok(()),
            _ = terminated.recv() => Ok(()),
        }
    })
}

#[cfg(not(unix))]
fn interruption() -> io::Result<impl Future<Output = io::Result<()>>> {
    Ok(tokio::signal::ctrl_c())
}

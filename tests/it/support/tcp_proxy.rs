//! A TCP proxy that a test can disconnect: an outage of a shared server, for one test only.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

/// A proxy of a server on this machine.
pub(crate) struct TcpProxy {
    url: String,
    port: u16,
    server: String,
    /// Dropped to disconnect.
    connected: Option<watch::Sender<()>>,
}

impl TcpProxy {
    /// Starts a proxy of the server at a URL.
    pub(crate) async fn to(url: &str) -> Self {
        let mut url = Url::parse(url).expect("a URL");
        let server = format!("127.0.0.1:{}", url.port().expect("a port"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        url.set_port(Some(port)).expect("takes a port");
        let mut proxy = Self { url: url.into(), port, server, connected: None };
        proxy.serve(listener);
        proxy
    }

    /// Returns the URL of the server through the proxy.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Breaks all connections and refuses new ones.
    pub(crate) fn disconnect(&mut self) {
        self.connected = None;
    }

    /// Accepts connections again.
    pub(crate) async fn reconnect(&mut self) {
        // The listening task releases the port as soon as it runs.
        loop {
            match TcpListener::bind(("127.0.0.1", self.port)).await {
                Ok(listener) => return self.serve(listener),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    fn serve(&mut self, listener: TcpListener) {
        let (connected, disconnected) = watch::channel(());
        self.connected = Some(connected);
        let server = self.server.clone();
        tokio::spawn(async move {
            let mut end = disconnected.clone();
            loop {
                let mut near = tokio::select! {
                    _ = end.changed() => return,
                    accepted = listener.accept() => accepted.expect("accepts").0,
                };
                let (server, mut end) = (server.clone(), disconnected.clone());
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(server).await.expect("the server accepts");
                    tokio::select! {
                        _ = end.changed() => {}
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                    }
                });
            }
        });
    }
}

//! A database that goes away and comes back, for one test alone.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

/// A line to a server that can be cut: nobody answers at its end, and what was open breaks.
pub(crate) struct Line {
    url: String,
    port: u16,
    server: String,
    open: Option<watch::Sender<()>>,
}

impl Line {
    /// A line that is open.
    pub(crate) async fn to(url: &str) -> Self {
        let mut url = Url::parse(url).expect("a URL");
        let server = format!("127.0.0.1:{}", url.port().expect("a port"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        url.set_port(Some(port)).expect("takes a port");
        let mut line = Self { url: url.into(), port, server, open: None };
        line.serve(listener);
        line
    }

    /// Where the server answers as long as the line is open.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn cut(&mut self) {
        self.open = None;
    }

    pub(crate) async fn mend(&mut self) {
        // The task that held the port lets go of it as soon as it runs.
        loop {
            match TcpListener::bind(("127.0.0.1", self.port)).await {
                Ok(listener) => return self.serve(listener),
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    fn serve(&mut self, listener: TcpListener) {
        let (open, cut) = watch::channel(());
        self.open = Some(open);
        let server = self.server.clone();
        tokio::spawn(async move {
            let mut over = cut.clone();
            loop {
                let mut near = tokio::select! {
                    _ = over.changed() => return,
                    accepted = listener.accept() => accepted.expect("accepts").0,
                };
                let (server, mut over) = (server.clone(), cut.clone());
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(server).await.expect("the server answers");
                    tokio::select! {
                        _ = over.changed() => {}
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                    }
                });
            }
        });
    }
}

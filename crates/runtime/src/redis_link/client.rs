//! Clients of one Redis, of the master that Sentinel names, and of a cluster.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use rand::seq::SliceRandom;
use redis::aio::{MultiplexedConnection, PubSub};
use redis::cluster::{ClusterClient, ClusterConfig};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, ResponsePolicy, RoutingInfo};
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    Arg, AsyncConnectionConfig, Client, Cmd, ErrorKind, IntoConnectionInfo, Pipeline, ProtocolVersion,
    PushInfo, PushKind, RedisResult, TlsCertificates, TlsMode, Value,
};

use super::address::{RedisAddress, SentinelAddress, Topology};
use super::{INVALID_URL, LinkError};

/// Commands in the write queue; a call waits for a full queue within its deadline.
const QUEUED_COMMANDS: usize = 1_024;

/// A client, which is not connected.
#[derive(Clone)]
pub struct RedisClient(ClientKind);

#[derive(Clone)]
enum ClientKind {
    Node(Box<Client>),
    Sentinel(Arc<SentinelSettings>),
    Cluster {
        client: Box<ClusterClient>,
        /// The nodes of the address, for subscriptions: a cluster sends messages to all of its nodes.
        nodes: Arc<[Client]>,
    },
}

/// The settings from which each attempt to connect makes a client, since that keeps state.
struct SentinelSettings {
    address: SentinelAddress,
    protocol: ProtocolVersion,
    certificates: Option<TlsCertificates>,
}

/// A connection to a node or a cluster.
#[derive(Clone)]
pub(super) enum RedisConnection {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// Creates the client of a URL without connecting yet.
pub fn client(url: &str) -> Result<RedisClient, LinkError> {
    client_speaking(url, ProtocolVersion::RESP3)
}

/// Creates a client for subscriptions, which the crate supports with the older protocol.
pub fn listening_client(url: &str) -> Result<RedisClient, LinkError> {
    client_speaking(url, ProtocolVersion::RESP2)
}

fn client_speaking(url: &str, protocol: ProtocolVersion) -> Result<RedisClient, LinkError> {
    let unusable = || LinkError::Unavailable(INVALID_URL.to_owned());
    // The errors of the crate contain the URL.
    let invalid = |_| unusable();
    let RedisAddress { topology, ca_file } = RedisAddress::parse(url).ok_or_else(unusable)?;
    let certificates = ca_file.map(|path| {
        let problem = |error| format!("the file {path} of ca_file cannot be read: {error}");
        std::fs::read(&path).map_err(|error| LinkError::Unavailable(problem(error)))
    });
    let certificates = certificates
        .transpose()?
        .map(|root_cert| TlsCertificates { client_tls: None, root_cert: Some(root_cert) });
    let server = match topology {
        Topology::Node(url) => {
            ClientKind::Node(Box::new(node(&url, protocol, certificates).map_err(invalid)?))
        }
        Topology::Sentinel(address) => {
            let settings = SentinelSettings { address, protocol, certificates };
            settings.client().map_err(invalid)?;
            ClientKind::Sentinel(Arc::new(settings))
        }
        Topology::Cluster(urls) => {
            let client = cluster(&urls, protocol, certificates.clone()).map_err(invalid)?;
            let nodes = urls.iter().map(|url| node(url, protocol, certificates.clone()));
            let nodes = nodes.collect::<RedisResult<Arc<[Client]>>>().map_err(invalid)?;
            ClientKind::Cluster { client: Box::new(client), nodes }
        }
    };
    Ok(RedisClient(server))
}

fn node(url: &str, protocol: ProtocolVersion, certificates: Option<TlsCertificates>) -> RedisResult<Client> {
    let info = url.into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(protocol);
    let info = info.set_redis_settings(settings);
    match certificates {
        None => Client::open(info),
        Some(certificates) => Client::build_with_tls(info, certificates),
    }
}

fn cluster(
    urls: &[String],
    protocol: ProtocolVersion,
    certificates: Option<TlsCertificates>,
) -> RedisResult<ClusterClient> {
    let builder = ClusterClient::builder(urls.iter().map(String::as_str)).use_protocol(protocol);
    match certificates {
        None => builder.build(),
        Some(certificates) => builder.certs(certificates).build(),
    }
}

impl SentinelSettings {
    fn client(&self) -> RedisResult<SentinelClient> {
        let Self { address, protocol, certificates } = self;
        let servers = address.redis.as_str().into_connection_info()?;
        let redis = servers.redis_settings();
        let mut sentinels = Vec::with_capacity(address.sentinels.len());
        for url in &address.sentinels {
            sentinels.push(url.as_str().into_connection_info()?.addr().clone());
        }
        let mut builder = SentinelClientBuilder::new(sentinels, &address.master, SentinelServerType::Master)?
            .set_client_to_redis_db(redis.db())
            .set_client_to_redis_protocol(*protocol);
        if let Some(user) = redis.username() {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = redis.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        let credentials = address.credentials.as_str().into_connection_info()?;
        let credentials = credentials.redis_settings();
        if let Some(user) = credentials.username() {
            builder = builder.set_client_to_sentinel_username(user);
        }
        if let Some(password) = credentials.password().filter(|password| !password.is_empty()) {
            builder = builder.set_client_to_sentinel_password(password);
        }
        if address.has_tls {
            builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
            if let Some(certificates) = certificates {
                builder = builder
                    .set_client_to_redis_certificates(certificates.clone())
                    .set_client_to_sentinel_certificates(certificates.clone());
            }
        }
        builder.build()
    }

    /// Asks the sentinels for the current master.
    async fn master(&self) -> RedisResult<Client> {
        self.client()?.async_get_client().await
    }
}

impl RedisClient {
    /// Connects. `is_lost` is set once a connection to one node breaks.
    pub(super) async fn connect(
        &self,
        is_lost: Arc<AtomicBool>,
        timeout: Duration,
    ) -> RedisResult<RedisConnection> {
        match &self.0 {
            ClientKind::Node(client) => to_node(client, is_lost, timeout).await,
            ClientKind::Sentinel(settings) => to_node(&settings.master().await?, is_lost, timeout).await,
            ClientKind::Cluster { client, .. } => {
                // It follows its nodes by itself.
                let config = ClusterConfig::new().set_connection_timeout(timeout);
                Ok(RedisConnection::Cluster(client.get_async_connection_with_config(config).await?))
            }
        }
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.0, ClientKind::Cluster { .. })
    }

    /// Connects for subscriptions to channels.
    pub async fn subscriber(&self) -> RedisResult<PubSub> {
        match &self.0 {
            ClientKind::Node(client) => client.get_async_pubsub().await,
            ClientKind::Sentinel(settings) => settings.master().await?.get_async_pubsub().await,
            ClientKind::Cluster { nodes, .. } => {
                let mut order: Vec<&Client> = nodes.iter().collect();
                // A node that is away must not be the first one of every attempt.
                order.shuffle(&mut rand::rng());
                let mut last: RedisResult<PubSub> = Err((ErrorKind::InvalidClientConfig, "no nodes").into());
                for node in order {
                    last = node.get_async_pubsub().await;
                    if last.is_ok() {
                        break;
                    }
                }
                last
            }
        }
    }
}

async fn to_node(
    client: &Client,
    is_lost: Arc<AtomicBool>,
    timeout: Duration,
) -> RedisResult<RedisConnection> {
    let watch = move |push: PushInfo| {
        if push.kind == PushKind::Disconnection {
            is_lost.store(true, Ordering::Release);
        }
        Ok::<(), ()>(())
    };
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(timeout))
        .set_response_timeout(None)
        .set_pipeline_buffer_size(QUEUED_COMMANDS)
        .set_push_sender(watch);
    client.get_multiplexed_async_connection_with_config(&config).await.map(RedisConnection::Node)
}

impl RedisConnection {
    /// Sends commands at once and returns the reply of each.
    ///
    /// In a cluster, each goes to the node of its keys, and the commands of different nodes have no order.
    pub(super) async fn send(&mut self, commands: &Pipeline) -> RedisResult<Vec<RedisResult<Value>>> {
        match self {
            Self::Node(connection) => commands.query_async(connection).await,
            Self::Cluster(cluster) => {
                let replies = commands.cmd_iter().map(|command| {
                    let mut cluster = cluster.clone();
                    async move {
                        if concerns_every_node(command) {
                            let policy = Some(ResponsePolicy::AllSucceeded);
                            let nodes = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllNodes, policy));
                            return cluster.route_command(command.clone(), nodes).await;
                        }
                        command.query_async::<Value>(&mut cluster).await
                    }
                });
                let replies = join_all(replies).await;
                // A node that cannot be reached fails the call, as if it were the only one.
                match replies.iter().find_map(|reply| reply.as_ref().err().filter(|error| !is_answer(error)))
                {
                    Some(error) => Err(error.clone()),
                    None => Ok(replies),
                }
            }
        }
    }
}

/// Returns true for the rewrite of the append-only file, which each node has.
fn concerns_every_node(command: &Cmd) -> bool {
    matches!(command.args_iter().next(), Some(Arg::Simple(b"BGREWRITEAOF")))
}

/// Returns true for an error that a server answered.
fn is_answer(error: &redis::RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}

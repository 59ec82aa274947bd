//! The flags with which every service is told where and how to listen.

use crate::{Bound, Error, Security};
use std::path::PathBuf;

/// Flags of the Prometheus family for listening.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Web")]
pub struct WebFlags {
    /// Address to listen on: host:port, :port for every interface, or unix:/path. Repeatable. Default: the service's
    /// port on loopback; on every interface where the web configuration asks who is there.
    #[arg(id = "web.listen-address", long = "web.listen-address", value_name = "ADDRESS")]
    pub listen_addresses: Vec<String>,

    /// Listen on the sockets that systemd opened, instead of addresses.
    #[arg(id = "web.systemd-socket", long = "web.systemd-socket", conflicts_with = "web.listen-address")]
    pub systemd_socket: bool,

    /// File with TLS and authentication settings, in the format of Prometheus's exporter-toolkit.
    #[arg(id = "web.config.file", long = "web.config.file", value_name = "FILE")]
    pub config_file: Option<PathBuf>,

    /// Another name under which browsers may reach a service that listens on loopback only, as behind a reverse proxy.
    /// Repeatable.
    #[arg(id = "web.allowed-host", long = "web.allowed-host", value_name = "NAME")]
    pub allowed_hosts: Vec<String>,
}

impl WebFlags {
    /// Reads the web configuration and binds every address; `default_port` where none is given.
    pub async fn bind(&self, default_port: u16) -> Result<Bound, Error> {
        let security = match &self.config_file {
            Some(path) => Security::load(path)?,
            None => Security::default(),
        };
        if self.systemd_socket {
            return Bound::from_systemd(security, self.allowed_hosts.clone());
        }
        let default = match security.authenticates() {
            true => format!(":{default_port}"),
            false => format!("127.0.0.1:{default_port}"),
        };
        let addresses = match self.listen_addresses.is_empty() {
            true => std::slice::from_ref(&default),
            false => &self.listen_addresses,
        };
        Bound::bind(addresses, security, self.allowed_hosts.clone()).await
    }
}

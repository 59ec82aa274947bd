//! Targets from names: `dns_sd_configs`.

use super::Answer;
use crate::config::{DnsDiscovery, RecordType, TargetGroup};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolveHosts;
use hickory_resolver::proto::rr::{RData, RecordType as Type};
use std::collections::BTreeMap;

/// The names of one entry, with what they last resolved to.
#[derive(Debug)]
pub(super) struct Names {
    config: DnsDiscovery,
    last: BTreeMap<String, Vec<TargetGroup>>,
}

impl Names {
    /// Nothing looked up yet.
    pub(super) fn new(config: DnsDiscovery) -> Self {
        Names { config, last: BTreeMap::new() }
    }

    /// Looks up all names at the system's name servers, which are read each time: they change where networks do.
    pub(super) async fn look_up(&mut self) -> Answer {
        let built = TokioResolver::builder_tokio().and_then(|mut builder| {
            let options = builder.options_mut();
            // As in Prometheus: records alone count, and each time is a time of its own.
            options.use_hosts_file = ResolveHosts::Never;
            options.cache_size = 0;
            builder.build()
        });
        match built {
            Ok(resolver) => self.look_up_at(&resolver).await,
            Err(e) => self.answer(vec![format!("no name servers: {e}")]),
        }
    }

    async fn look_up_at(&mut self, resolver: &TokioResolver) -> Answer {
        let mut errors = Vec::new();
        for name in &self.config.names {
            match groups(resolver, name, self.config.record).await {
                Ok(groups) => drop(self.last.insert(name.clone(), groups)),
                Err(reason) => errors.push(format!("{name}: {reason}")),
            }
        }
        self.answer(errors)
    }

    fn answer(&self, errors: Vec<String>) -> Answer {
        Answer { groups: self.last.values().flatten().cloned().collect(), errors }
    }
}

/// A name that does not exist, or has no such records, has no targets.
async fn groups(resolver: &TokioResolver, name: &str, record: RecordType) -> Result<Vec<TargetGroup>, String> {
    let kind = match record {
        RecordType::Srv => Type::SRV,
        RecordType::A(_) => Type::A,
        RecordType::Aaaa(_) => Type::AAAA,
    };
    let lookup = match resolver.lookup(name, kind).await {
        Ok(lookup) => lookup,
        Err(e) if e.is_nx_domain() || e.is_no_records_found() => return Ok(Vec::new()),
        Err(e) => return Err(e.to_string()),
    };
    let mut groups: Vec<TargetGroup> =
        lookup.answers().iter().filter_map(|answer| group(name, record, &answer.data)).collect();
    // Name servers turn the order around.
    groups.sort_by(|a, b| a.targets.cmp(&b.targets));
    Ok(groups)
}

fn group(name: &str, record: RecordType, data: &RData) -> Option<TargetGroup> {
    let label = |name: &str, value: String| (format!("__meta_dns_{name}"), value);
    let mut labels = vec![label("name", name.to_owned())];
    let address = match (data, record) {
        (RData::SRV(srv), RecordType::Srv) => {
            let target = srv.target.to_string();
            let address = format!("{}:{}", target.trim_end_matches('.'), srv.port);
            labels.push(label("srv_record_target", target));
            labels.push(label("srv_record_port", srv.port.to_string()));
            address
        }
        (RData::A(ip), RecordType::A(port)) => format!("{ip}:{port}"),
        (RData::AAAA(ip), RecordType::Aaaa(port)) => format!("[{ip}]:{port}"),
        // Such as the aliases on the way.
        _ => return None,
    };
    Some(TargetGroup { targets: vec![address], labels })
}

#[cfg(test)]
mod tests;

//! Against a name server of our own.

use super::*;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, SRV};
use hickory_resolver::proto::rr::{Name, Record};
use hickory_resolver::proto::serialize::binary::{BinDecodable, BinEncodable};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;

type Answers = Arc<Mutex<Result<Vec<RData>, ResponseCode>>>;

/// A name server that answers every question alike; a resolver that asks it.
async fn name_server(answers: Answers) -> TokioResolver {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let question = Message::from_bytes(&buffer[..length]).unwrap();
            let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
            let query = question.queries[0].clone();
            match &*answers.lock() {
                Ok(data) => {
                    for data in data {
                        answer.add_answer(Record::from_rdata(query.name().clone(), 60, data.clone()));
                    }
                }
                Err(code) => answer.metadata.response_code = *code,
            }
            answer.add_query(query);
            socket.send_to(&answer.to_bytes().unwrap(), from).await.unwrap();
        }
    });
    let mut connection = ConnectionConfig::udp();
    connection.port = address.port();
    let server = NameServerConfig::new(address.ip(), true, vec![connection]);
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    let mut options = ResolverOpts::default();
    (options.cache_size, options.attempts, options.timeout) = (0, 0, Duration::from_secs(30));
    *builder.options_mut() = options;
    builder.build().unwrap()
}

fn config(record: RecordType) -> DnsDiscovery {
    DnsDiscovery { names: vec!["_m._tcp.example.org.".to_owned()], record, refresh_interval: Duration::from_secs(30) }
}

fn shown(answer: &Answer) -> Vec<String> {
    let one = |g: &TargetGroup| {
        let labels: Vec<String> = g.labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
        format!("{} {}", g.targets.join(","), labels.join(","))
    };
    answer.groups.iter().map(one).collect()
}

#[tokio::test]
async fn records_become_targets() {
    let name = |text: &str| Name::from_ascii(text).unwrap();
    let srv = |port, host| RData::SRV(SRV::new(0, 0, port, name(host)));
    for (record, data, want) in [
        (
            RecordType::Srv,
            vec![srv(9200, "b.example.org."), srv(9100, "a.example.org.")],
            vec![
                "a.example.org:9100 __meta_dns_name=_m._tcp.example.org.,__meta_dns_srv_record_target=a.example.org.,__meta_dns_srv_record_port=9100",
                "b.example.org:9200 __meta_dns_name=_m._tcp.example.org.,__meta_dns_srv_record_target=b.example.org.,__meta_dns_srv_record_port=9200",
            ],
        ),
        (
            RecordType::A(9100),
            vec![RData::A(A::new(10, 0, 0, 7))],
            vec!["10.0.0.7:9100 __meta_dns_name=_m._tcp.example.org."],
        ),
        (
            RecordType::Aaaa(9100),
            vec![RData::AAAA(AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))],
            vec!["[2001:db8::1]:9100 __meta_dns_name=_m._tcp.example.org."],
        ),
    ] {
        let resolver = name_server(Arc::new(Mutex::new(Ok(data)))).await;
        let answer = Names::new(config(record)).look_up_at(&resolver).await;
        assert_eq!((shown(&answer), answer.errors), (want.into_iter().map(str::to_owned).collect(), Vec::new()));
    }
}

#[tokio::test]
async fn a_failure_keeps_what_was_found_and_a_name_that_is_gone_does_not() {
    let answers: Answers = Arc::new(Mutex::new(Ok(vec![RData::A(A::new(10, 0, 0, 7))])));
    let resolver = name_server(answers.clone()).await;
    let mut names = Names::new(config(RecordType::A(9100)));
    let good = names.look_up_at(&resolver).await;
    assert_eq!(good.groups.len(), 1);
    *answers.lock() = Err(ResponseCode::ServFail);
    let failed = names.look_up_at(&resolver).await;
    assert_eq!(failed.groups, good.groups);
    assert!(failed.errors[0].starts_with("_m._tcp.example.org.: "), "{:?}", failed.errors);
    *answers.lock() = Err(ResponseCode::NXDomain);
    assert_eq!(names.look_up_at(&resolver).await, Answer::default());
}

//! Addresses by DNS, by the system's own configuration: `/etc/resolv.conf` and `/etc/hosts`, read anew for each lookup.

use super::{BELIEVED, Found};
use crate::config::HostPort;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::RData;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a name server may take for one answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How long to believe that there is nothing: whoever comes back is to be found soon.
const ABSENT: Duration = Duration::from_secs(2);

/// A and AAAA records of a host.
pub(super) async fn addresses(at: &HostPort) -> Result<Found, String> {
    found(hosts(&resolver()?, &at.host, at.port, 0).await)
}

/// SRV records (RFC 2782) of a name such as `_http._tcp.api.internal`, and their hosts' addresses. Weights are not looked at:
/// addresses of one priority take turns.
pub(super) async fn services(at: &HostPort) -> Result<Found, String> {
    let resolver = resolver()?;
    let lookup = match resolver.srv_lookup(&*at.host).await {
        Ok(lookup) => lookup,
        Err(error) => return found(Err(error)),
    };
    let (mut all, mut until) = (Vec::new(), lookup.valid_until());
    for record in lookup.answers() {
        let RData::SRV(srv) = &record.data else { continue };
        // A single dot says that the service is decidedly not there.
        if srv.target.is_root() {
            continue;
        }
        match hosts(&resolver, &srv.target.to_utf8(), srv.port, srv.priority).await {
            Ok((addresses, valid)) => {
                all.extend(addresses);
                until = until.min(valid);
            }
            // One host that is gone does not make the others wrong.
            Err(error) if error.is_no_records_found() => {}
            Err(error) => return found(Err(error)),
        }
    }
    found(Ok((all, until)))
}

type Addresses = (Vec<(SocketAddr, u16)>, Instant);

async fn hosts(resolver: &TokioResolver, host: &str, port: u16, tier: u16) -> Result<Addresses, NetError> {
    let lookup = resolver.lookup_ip(host).await?;
    Ok((lookup.iter().map(|ip| ((ip, port).into(), tier)).collect(), lookup.valid_until()))
}

fn resolver() -> Result<TokioResolver, String> {
    let mut builder = TokioResolver::builder_tokio().map_err(|error| error.to_string())?;
    let options = builder.options_mut();
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    options.timeout = TIMEOUT;
    builder.build().map_err(|error| error.to_string())
}

fn found(lookup: Result<Addresses, NetError>) -> Result<Found, String> {
    match lookup {
        Ok((addresses, _)) if addresses.is_empty() => Ok(Found::Nothing(ABSENT)),
        Ok((mut addresses, until)) => {
            // Name servers turn the order with each answer; ours is not to change with it.
            addresses.sort_unstable();
            addresses.dedup();
            let believed = until.saturating_duration_since(Instant::now());
            Ok(Found::Addresses(addresses, believed.clamp(*BELIEVED.start(), *BELIEVED.end())))
        }
        Err(error) if error.is_no_records_found() => Ok(Found::Nothing(ABSENT)),
        Err(error) => Err(error.to_string()),
    }
}

//! Active checks: each address of a service is asked now and then whether it works.

use super::directory::Service;
use super::instance::Instance;
use super::probe::{Answer, Prober};
use crate::config::health::HealthCheck;
use crate::metrics::ServiceMetrics;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Checks the addresses of `service` for as long as it is polled: all of them at each interval, and when others come.
pub(super) async fn follow(service: Arc<Service>, metrics: ServiceMetrics) {
    let Some((config, check)) =
        service.config.as_ref().and_then(|config| Some((config, config.health_check.as_ref()?)))
    else {
        return;
    };
    let mut probers: HashMap<SocketAddr, Arc<Prober>> = HashMap::new();
    loop {
        let instances = service.instances.all();
        probers.retain(|address, _| instances.iter().any(|instance| instance.address == *address));
        let mut round = JoinSet::new();
        for instance in &*instances {
            let prober = probers.entry(instance.address).or_insert_with(|| {
                Arc::new(Prober::new(&check.probe, instance.address, &config.address.host, config.tls.as_ref()))
            });
            let (instance, prober, check) = (instance.clone(), prober.clone(), check.clone());
            round.spawn(async move { (once(&prober, &check, &instance).await, instance.address) });
        }
        while let Some(done) = round.join_next().await {
            let Ok((answer, address)) = done else { continue };
            if let Answer::Failed(reason) = &answer {
                tracing::debug!(service = service.name(), %address, reason, "a check failed");
            }
            metrics.checked(service.name(), answer.as_str());
        }
        tokio::select! {
            () = sleep(jittered(check.interval)) => {}
            () = service.instances.changed() => {}
        }
    }
}

async fn once(prober: &Prober, check: &HealthCheck, instance: &Instance) -> Answer {
    let answer = timeout(check.timeout, prober.ask()).await.unwrap_or(Answer::TimedOut);
    instance.checked(matches!(answer, Answer::Passed), count(check.healthy), count(check.unhealthy));
    answer
}

/// How many in a row.
pub(super) fn count(count: NonZeroUsize) -> u32 {
    u32::try_from(count.get()).unwrap_or(u32::MAX)
}

/// `interval`, up to a tenth less or more, so that many agents do not ask all at once.
pub(super) fn jittered(interval: Duration) -> Duration {
    let random = RandomState::new().hash_one(()) as u32;
    interval.mul_f64(0.9 + 0.2 * f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_varies_by_a_tenth() {
        let interval = Duration::from_secs(10);
        let seen: Vec<_> = (0..1000).map(|_| jittered(interval)).collect();
        assert!(seen.iter().all(|wait| (Duration::from_secs(9)..=Duration::from_secs(11)).contains(wait)));
        assert!(seen.iter().max() > seen.iter().min());
    }
}

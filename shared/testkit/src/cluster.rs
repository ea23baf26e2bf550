//! The system as it runs in production: nats-server and each service a process of its own.

use std::{collections::BTreeMap, fs, ops::Deref, path::PathBuf, thread, time::Duration};

use jiff::Timestamp;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    Client, Ended, Instance, Proxy, Service, TestNats,
    audit::{Evidence, Interruption},
    binary::binary,
    eventually_within, nats,
    ports::free_port,
    process::Process,
};

/// How long the first start may take.
const START: Duration = Duration::from_secs(30);

/// A nats-server and the services, with their own data and ports, and the [`Client`] of the gateway.
/// A process that was killed comes back at the same address. Dropping it ends everything.
#[derive(Debug)]
pub struct Cluster {
    // Fields are dropped in this order: the services end before their server.
    processes: BTreeMap<Instance, Process>,
    nats: TestNats,
    /// Where the first command service finds it.
    log_url: String,
    client: Client,
    port: u16,
    interruptions: Vec<Interruption>,
    folder: TempDir,
}

impl Cluster {
    /// Starts one process of each service, and waits until the gateway says that all are there.
    pub async fn start() -> Self {
        let nats = nats().await;
        let log_url = nats.url();
        Self::start_on(nats, log_url).await
    }

    /// The same with a proxy between the command service and nats-server. A second one goes past it.
    pub async fn start_with_proxy() -> (Self, Proxy) {
        let nats = nats().await;
        let proxy = Proxy::start(&nats.url()).await;
        (Self::start_on(nats, proxy.url()).await, proxy)
    }

    async fn start_on(nats: TestNats, log_url: String) -> Self {
        let folder = TempDir::new().expect("a temporary directory can be made");
        fs::create_dir(folder.path().join("logs")).expect("a folder can be made in a temporary directory");
        let port = free_port();
        let mut cluster = Self {
            processes: BTreeMap::new(),
            nats,
            log_url,
            client: Client::new(port),
            port,
            interruptions: Vec::new(),
            folder,
        };
        for service in Service::ALL {
            cluster.run(service).await;
        }
        cluster.ready().await;
        cluster
    }

    /// Waits until the gateway says that all services are there.
    pub async fn ready(&mut self) {
        eventually_within(START, "all services are there", async || {
            self.processes.values_mut().for_each(Process::assert_runs);
            self.client.is_ready().await
        })
        .await;
    }

    /// Starts a process, or starts it again after a kill. Does not wait until it is ready.
    pub async fn run(&mut self, instance: impl Into<Instance>) {
        let instance = instance.into();
        if !self.processes.contains_key(&instance) {
            let process = self.process(instance).await;
            self.processes.insert(instance, process);
        }
        self.of(instance).start().await;
    }

    /// Ends a process as a crash does (SIGKILL).
    pub async fn kill(&mut self, instance: impl Into<Instance>) {
        let (instance, from) = (instance.into(), Timestamp::now());
        self.of(instance).kill().await;
        let repeats_mails = matches!(instance.service, Service::Command | Service::Reactor);
        self.interruptions.push(Interruption::since(from, repeats_mails));
    }

    /// Asks a process to end (SIGTERM), and waits for that.
    pub async fn terminate(&mut self, instance: impl Into<Instance>) -> Ended {
        let (instance, from) = (instance.into(), Timestamp::now());
        let ended = self.of(instance).end(Signal::TERM).await;
        // Without a command service nothing can be noted; a reactor that is asked to end finishes first.
        self.interruptions.push(Interruption::since(from, instance.service == Service::Command));
        ended
    }

    /// Ends nats-server as a crash does.
    pub async fn kill_nats(&mut self) {
        let from = Timestamp::now();
        self.nats.kill().await;
        self.interruptions.push(Interruption::since(from, true));
    }

    /// Starts nats-server again on its data and ports, and waits until it answers.
    pub async fn run_nats(&mut self) {
        self.nats.restart().await;
    }

    /// The process ids of everything that runs, by name.
    #[must_use]
    pub fn pids(&self) -> BTreeMap<String, u32> {
        let services = self.processes.iter().filter_map(|(instance, process)| {
            Some((instance.name(), process.pid()?.as_raw_nonzero().get().cast_unsigned()))
        });
        services.chain([("nats-server".to_owned(), self.nats.pid())]).collect()
    }

    /// What an auditor may look at.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        let reactors = self.processes.iter().filter(|(instance, _)| instance.service == Service::Reactor);
        Evidence {
            client: self.client.clone(),
            nats_url: self.nats.url(),
            logs: reactors.map(|(_, process)| process.log_file().clone()).collect(),
            interruptions: self.interruptions.clone(),
        }
    }

    fn of(&mut self, instance: Instance) -> &mut Process {
        let process = self.processes.get_mut(&instance);
        process.unwrap_or_else(|| panic!("{} was never started", instance.name()))
    }

    async fn process(&self, instance: Instance) -> Process {
        let service = instance.service.name();
        let nats = if instance == Service::Command.into() { &self.log_url } else { &self.nats.url() };
        let monitor = self.nats.monitor_url();
        let (listen, files) = (format!("127.0.0.1:{}", self.port), self.path(&instance.name()));
        let files = files.to_str().expect("a temporary directory has a plain name");
        let own = match instance.service {
            Service::Gateway => vec!["--listen", &listen],
            Service::Command => vec!["--state", files],
            Service::Projector => vec!["--views", files],
            Service::Reactor => vec!["--log", "json"], // its lines are evidence
        };
        let arguments = [vec!["--nats", nats, "--nats-monitor", &monitor], own].concat();
        let log = self.path("logs").join(format!("{}.log", instance.name()));
        Process::new(binary(&format!("annals-{service}")).await, &arguments, log)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Deref for Cluster {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// What the services said is lost with their files, so a test that fails shows the end of it.
impl Drop for Cluster {
    fn drop(&mut self) {
        self.processes.values_mut().for_each(Process::kill_now);
        if thread::panicking() {
            for (instance, process) in &self.processes {
                eprintln!("-- {}\n{}", instance.name(), process.last_lines());
            }
        }
    }
}

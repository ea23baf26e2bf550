//! Three nats-servers that keep one log together.

use std::{
    fs::{self, File},
    process::{Child, Command},
};

use annals_nats::server::find;
use serde_json::json;
use tempfile::TempDir;

use crate::ports::free_port;

/// Three servers of one test. Dropping them ends them and deletes what they kept.
#[derive(Debug)]
pub struct ThreeNodes {
    // Fields are dropped in this order: the servers end before their files are deleted.
    nodes: [Node; 3],
    _folder: TempDir,
}

#[derive(Debug)]
struct Node {
    name: String,
    port: u16,
    process: Child,
}

/// Starts three servers with nothing in them. They are not waited for: whoever uses them is to be patient.
///
/// # Panics
/// When they cannot be started.
#[must_use]
pub fn three_nodes() -> ThreeNodes {
    let folder = TempDir::new().expect("a temporary directory can be made");
    let routes = [(); 3].map(|()| free_port());
    let nodes = [0, 1, 2].map(|number| {
        let (name, port) = (format!("node-{number}"), free_port());
        let store = folder.path().join(&name);
        fs::create_dir(&store).expect("a folder can be made in a temporary directory");
        let configuration = json!({
            "server_name": name,
            "listen": format!("127.0.0.1:{port}"),
            "jetstream": { "store_dir": store, "sync_interval": "always" },
            "cluster": {
                "name": "three",
                "listen": format!("127.0.0.1:{}", routes[number]),
                "routes": routes.map(|route| format!("nats://127.0.0.1:{route}")),
            },
        });
        let file = store.join("nats.conf");
        fs::write(&file, configuration.to_string()).expect("a file can be written there");
        let log = File::create(store.join("nats.log")).expect("a file can be written there");
        let mut command = Command::new(find().expect("there is a nats-server"));
        let process = command.arg("--config").arg(file).stderr(log).spawn();
        Node { name, port, process: process.expect("nats-server can be started") }
    });
    ThreeNodes { nodes, _folder: folder }
}

impl ThreeNodes {
    /// Where clients connect to: all three, with commas between them.
    #[must_use]
    pub fn url(&self) -> String {
        self.nodes.each_ref().map(|node| format!("nats://127.0.0.1:{}", node.port)).join(",")
    }

    /// Ends the one of that name as a crash does.
    ///
    /// # Panics
    /// When there is none.
    pub fn kill(&mut self, name: &str) {
        let node = self.nodes.iter_mut().find(|node| node.name == name);
        node.expect("it is one of the three").end();
    }
}

impl Node {
    fn end(&mut self) {
        let _ = self.process.kill(); // it may have ended by itself
        let _ = self.process.wait();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.end();
    }
}

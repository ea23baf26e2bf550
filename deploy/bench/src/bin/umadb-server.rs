//! UmaDB's server, as its own binary starts it: built here so that the lock file pins it.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    umadb::start_server_with_cli_options(umadb::parse_cli_options(std::env::args())?)
}

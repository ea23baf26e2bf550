//! Whether a program is what its sources say.

use std::{fs, path::Path, time::SystemTime};

/// Whether a source of a program has changed since Cargo built it. None: Cargo did not, or it is no longer
/// known from what.
pub(crate) fn changed_since(program: &Path) -> Option<bool> {
    let noted = fs::read_to_string(program.with_extension("d")).ok()?;
    let (_, sources) = noted.lines().next()?.split_once(": ")?;
    let built = modified(Path::new(program))?;
    // A space within a path has a backslash before it.
    let sources = sources.replace("\\ ", "\0");
    let changed = |source: &str| modified(Path::new(&source.replace('\0', " "))).is_none_or(|it| it > built);
    Some(sources.split_whitespace().any(changed))
}

fn modified(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use std::{fs::File, time::Duration};

    use super::*;

    #[test]
    fn a_program_is_old_when_one_of_its_sources_is_newer_or_gone() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name, seconds| {
            let path = folder.path().join(name);
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            File::create(&path).unwrap().set_modified(at).unwrap();
            path
        };
        let program = file("program", 20);
        assert_eq!(changed_since(&program), None, "nobody knows");

        let (one, other) = (file("one.rs", 10), file("the other.rs", 15));
        let escaped = other.display().to_string().replace(' ', "\\ ");
        let noted = format!("{}: {} {escaped}\n", program.display(), one.display());
        fs::write(folder.path().join("program.d"), noted).unwrap();
        assert_eq!(changed_since(&program), Some(false));
        file("the other.rs", 30);
        assert_eq!(changed_since(&program), Some(true));
        fs::remove_file(other).unwrap();
        assert_eq!(changed_since(&program), Some(true));
    }
}

//! The Unix socket for clients of the same user, made so that nobody else can ever open it.

use std::ffi::OsString;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use tokio::net::{UnixListener, UnixSocket, UnixStream};

/// Clients that wait to be accepted.
const BACKLOG: u32 = 128;

/// A listening socket whose file goes away with it.
#[derive(Debug)]
pub(crate) struct Socket {
    path: PathBuf,
    pub(super) listener: UnixListener,
}

/// Makes the socket at `path` (mode 0600). What a process that crashed left there is replaced.
pub(crate) async fn bind(path: &Path) -> anyhow::Result<Socket> {
    let shown = path.display();
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            bail!("listen on {shown}: there is another file: set local.socket to another path");
        }
        Ok(_) => check_abandoned(path).await?,
        Err(_) => {}
    }
    let mut unfinished = OsString::from(path);
    unfinished.push(".new");
    let unfinished = PathBuf::from(unfinished);
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("remove {}", unfinished.display()));
        }
        Ok(()) | Err(_) => {}
    }
    let listener = listen(&unfinished)
        .and_then(|listener| std::fs::rename(&unfinished, path).map(|()| listener))
        .with_context(|| format!("listen on {shown}"))?;
    let path = path.to_owned();
    Ok(Socket { path, listener })
}

/// Listens only once the file is private: until then everybody who connects is refused.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let socket = UnixSocket::new_stream()?;
    socket.bind(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    socket.listen(BACKLOG)
}

/// Only a refusal says that no process listens there any more: one that is busy, or that another
/// user runs, must keep its socket.
async fn check_abandoned(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    match UnixStream::connect(path).await {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound
            ) =>
        {
            Ok(())
        }
        Err(error) => Err(error).with_context(|| {
            format!("listen on {shown}: whether another process does cannot be seen")
        }),
        Ok(_) => {
            bail!("listen on {shown}: another process does: set local.socket to another path")
        }
    }
}

impl Socket {
    /// Takes the file away; the listener may go on with the connections that it has.
    pub(super) fn split(self) -> (SocketFile, UnixListener) {
        (SocketFile(self.path), self.listener)
    }
}

/// The file of a socket, removed when dropped.
#[derive(Debug)]
pub(super) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // When it is gone already, that was the aim.
        std::fs::remove_file(&self.0).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn is_private_and_replaces_what_a_crash_left_but_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phaki.sock");
        let socket = bind(&path).await.unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let refused = bind(&path).await.unwrap_err().to_string();
        assert!(refused.contains("another process does"), "{refused}");
        drop(socket);
        let (file, listener) = bind(&path).await.unwrap().split();
        drop((file, listener));
        assert!(!path.exists());
        std::fs::write(&path, "").unwrap();
        let refused = bind(&path).await.unwrap_err().to_string();
        assert!(refused.contains("there is another file"), "{refused}");
    }
    #[tokio::test]
    async fn a_process_that_is_too_busy_to_answer_keeps_its_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phaki.sock");
        let busy = UnixSocket::new_stream().unwrap();
        busy.bind(&path).unwrap();
        let _busy = busy.listen(0).unwrap();
        // One waits to be accepted, so that there is no room for another.
        let _waiting = UnixStream::connect(&path).await.unwrap();
        let refused = bind(&path).await.unwrap_err().to_string();
        assert!(refused.contains("cannot be seen"), "{refused}");
        assert!(path.exists());
    }
}

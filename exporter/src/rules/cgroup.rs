//! What a cgroup's path says: the systemd unit and the container.

/// Length of the ids that container runtimes give: 256 bits in hexadecimal.
const ID_LENGTH: usize = 64;

/// The systemd unit that a process belongs to, as `systemctl status PID` has it: the first service, scope or other unit
/// below the slices; `None` outside of systemd. Units of a user's own manager are in `user@UID.service`.
pub fn unit(paths: &[String]) -> Option<&str> {
    const KINDS: [&str; 6] = [".service", ".scope", ".socket", ".mount", ".swap", ".machine"];
    paths.iter().find_map(|path| {
        let below = path.split('/').filter(|part| !part.is_empty()).find(|part| !part.ends_with(".slice"))?;
        KINDS.iter().any(|kind| below.len() > kind.len() && below.ends_with(kind)).then_some(below)
    })
}

/// The id of the innermost container: 64 hexadecimal digits that stand by themselves in the path, as Docker, containerd,
/// CRI-O and Podman write them (`docker-ID.scope`, `/docker/ID`, `cri-containerd-ID.scope`, `libpod-ID`, `:cri-containerd:ID`).
pub fn container(paths: &[String]) -> Option<&str> {
    paths.iter().find_map(|path| path.split(|c: char| !c.is_ascii_alphanumeric()).rfind(|word| is_id(word)))
}

fn is_id(word: &str) -> bool {
    word.len() == ID_LENGTH && word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn check(path: &str, expected_unit: Option<&str>, expected_container: Option<&str>) {
        let paths = ["/".to_owned(), path.replace("ID", ID)];
        assert_eq!(unit(&paths).map(|u| u.replace(ID, "ID")).as_deref(), expected_unit, "{path}");
        assert_eq!(container(&paths).map(|c| c.replace(ID, "ID")).as_deref(), expected_container, "{path}");
    }

    #[test]
    fn paths_of_the_runtimes() {
        check("/", None, None);
        check("/system.slice/nginx.service", Some("nginx.service"), None);
        check("/system.slice/system-getty.slice/getty@tty1.service", Some("getty@tty1.service"), None);
        check("/user.slice/user-1000.slice/session-3.scope", Some("session-3.scope"), None);
        let own = "/user.slice/user-1000.slice/user@1000.service/app.slice/editor.service";
        check(own, Some("user@1000.service"), None);
        check("/init.scope", Some("init.scope"), None);
        check("/system.slice/docker-ID.scope", Some("docker-ID.scope"), Some("ID"));
        check("/docker/ID", None, Some("ID"));
        check("/docker/ID/system.slice/x.service", None, Some("ID"));
        check("/kubepods/burstable/podaa3e7aff/ID", None, Some("ID"));
        check(
            "/kubepods.slice/kubepods-burstable.slice/cri-containerd-ID.scope",
            Some("cri-containerd-ID.scope"),
            Some("ID"),
        );
        check("/machine.slice/libpod-ID.scope/container", Some("libpod-ID.scope"), Some("ID"));
        check("/system.slice/containerd.service/kubepods:x:cri-containerd:ID", Some("containerd.service"), Some("ID"));
        check("/docker/IDa", None, None);
        check("/.service", None, None);
    }

    proptest! {
        #[test]
        fn any_path_is_survived(path: String) {
            let paths = [path];
            let _ = (unit(&paths), container(&paths));
        }
    }
}

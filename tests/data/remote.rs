//! Data at addresses: copied once, looked after at each start, and what is said where they cannot be had.

#[cfg(not(feature = "remote"))]
#[test]
fn an_address_needs_the_feature() {
    for source in [
        "https://example.org/a.tar",
        "s3://bucket/set",
        "gs://bucket/a.parquet",
    ] {
        let said = crate::common::cli::refused(&["data", "check", source], 1);
        assert!(
            said.contains(source) && said.contains("--features remote"),
            "{said}"
        );
    }
}

#[cfg(feature = "remote")]
mod with_the_feature {
    use std::path::Path;
    use std::process::Output;

    use ravine::data::{DataConfig, open};
    use serde_json::Value;

    use crate::server::Server;
    use crate::tars::{ids, shard};
    use crate::tiny::*;

    fn from(source: &str, cache: &Path) -> DataConfig {
        DataConfig {
            source: source.into(),
            remote_cache: Some(cache.into()),
            ..DataConfig::default()
        }
    }

    /// `data check` in a process of its own, as a later start.
    fn check(source: &str, cache: &Path, more: &[(&str, &str)]) -> Output {
        assert_cmd::Command::cargo_bin("ravine")
            .unwrap()
            .args(["data", "check", source, "--json"])
            .env("RAVINE_REMOTE_CACHE", cache)
            .envs(more.iter().copied())
            .output()
            .unwrap()
    }

    fn told(output: &Output) -> Value {
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn refused(output: &Output) -> String {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(!said.contains("panicked"), "{said}");
        said
    }

    #[test]
    fn a_copy_is_made_once_and_again_when_the_file_changes() {
        let server = Server::new(&[("/sets/a.tar", &shard(0..6))]);
        let url = format!("{}/sets/a.tar", server.address);
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let set = all(&from(&url, one.path())).unwrap();
        assert_eq!(ids(set.as_ref())[..2], ["a.tar#0000", "a.tar#0001"]);
        assert_eq!(
            ids(set.as_ref()),
            ids(all(&from(&url, two.path())).unwrap().as_ref())
        );
        for i in 0..6 {
            assert_eq!(set.get(i).unwrap(), picture(i, 6, 5, 3));
        }
        assert_eq!(server.got(), ["/sets/a.tar"; 2]);
        assert_eq!(told(&check(&url, one.path(), &[]))["images"], 6);
        assert!(server.got().is_empty());
        server.put("/sets/a.tar", &shard(0..9));
        assert_eq!(told(&check(&url, one.path(), &[]))["images"], 9);
        assert_eq!(server.got(), ["/sets/a.tar"]);

        server.with(|state| state.deaf = true);
        let found = told(&check(&url, one.path(), &[]));
        assert_eq!(found["images"], 9);
        let notes = found["notes"].to_string();
        assert!(
            notes.contains("The copy of last time is used") && notes.contains(&url),
            "{notes}"
        );
        let empty = tempfile::tempdir().unwrap();
        let said = refused(&check(&url, empty.path(), &[]));
        assert!(
            said.contains(&url) && said.contains("cannot be reached"),
            "{said}"
        );
    }

    #[test]
    fn braces_stand_for_files_that_become_parts() {
        let server = Server::new(&[
            ("/s/train-0.tar", &shard(0..4)),
            ("/s/train-1.tar", &shard(4..7)),
            ("/s/test-0.tar", &shard(7..9)),
        ]);
        let cache = tempfile::tempdir().unwrap();
        let url = format!("{}/s/{{train-{{0..1}},test-0}}.tar", server.address);
        let splits = open(&from(&url, cache.path())).unwrap();
        assert_eq!(splits.test.len(), 2);
        assert_eq!(splits.train.len() + splits.validation.len(), 7);
        assert_eq!(splits.test.id(0), "test-0.tar#0007");
        let url = format!("{}/s/train-{{0..2}}.tar", server.address);
        let said = all(&from(&url, cache.path())).err().unwrap().to_string();
        assert!(
            said.contains("train-2.tar: there is no such file"),
            "{said}"
        );
    }

    #[test]
    fn what_cannot_be_had_is_told_with_the_address_and_the_way_out() {
        let server = Server::new(&[("/a.tar", &shard(0..40)), ("/secret.tar", b"x")]);
        server.with(|state| state.forbidden.push("/secret.tar".into()));
        let cache = tempfile::tempdir().unwrap();
        let said = |path: &str, gib| {
            let url = format!("{}{path}", server.address);
            let config = DataConfig {
                remote_gib: Some(gib),
                ..from(&url, cache.path())
            };
            let said = all(&config).err().unwrap();
            assert_eq!(said.exit_code(), 1, "{said}");
            let said = said.to_string();
            assert!(said.starts_with(&url), "{said}");
            said
        };
        assert!(said("/gone.tar", 1.0).contains("there is no such file on the server"));
        assert!(said("/secret.tar", 1.0).contains("without permission"));
        let full = said("/a.tar", 1e-6);
        assert!(
            full.contains("data.remote_gib") && full.contains("objects"),
            "{full}"
        );
        server.with(|state| state.cut = true);
        let cut = said("/a.tar", 1.0);
        assert!(cut.contains("the connection ended after"), "{cut}");
        let files = walk(cache.path());
        assert!(files.is_empty(), "{files:?}"); // nothing half-written
        let nobody = "http://127.0.0.1:9/a.tar";
        let said = all(&from(nobody, cache.path())).err().unwrap().to_string();
        assert!(
            said.contains(nobody) && said.contains("look at the network"),
            "{said}"
        );
    }

    fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                files.extend(walk(&entry.path()));
            } else {
                files.push(entry.path());
            }
        }
        files
    }

    #[test]
    fn a_prefix_of_a_bucket_is_a_folder() {
        let server = Server::new(&[]);
        for i in 0..6 {
            let class = ["cat", "dog"][i % 2];
            server.put(&format!("/bucket/pets/{class}/{i}.png"), &png(i));
        }
        server.put("/bucket/petshop/0.png", &png(0));
        server.put("/bucket/one.tar", &shard(0..3));
        let cache = tempfile::tempdir().unwrap();
        let access = [
            ("AWS_ENDPOINT", server.address.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_SKIP_SIGNATURE", "true"),
            ("AWS_REGION", "here"),
        ];
        for source in ["s3://bucket/pets", "s3://bucket/pets/"] {
            let found = told(&check(source, cache.path(), &access));
            assert_eq!(found["images"], 6);
            assert_eq!(found["classes"][1]["class"], "dog", "{found}");
        }
        assert_eq!(
            server
                .got()
                .iter()
                .filter(|path| path.ends_with("png"))
                .count(),
            6
        );
        assert_eq!(
            told(&check("s3://bucket/one.tar", cache.path(), &access))["images"],
            3
        );
        let said = refused(&check("s3://bucket/birds", cache.path(), &access));
        assert!(
            said.contains("s3://bucket/birds: there is no such object"),
            "{said}"
        );
    }
}

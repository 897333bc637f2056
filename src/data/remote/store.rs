//! The objects behind an address.

use std::fmt::Display;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientConfigKey, ClientOptions, Error, ObjectMeta, ObjectStore, ObjectStoreExt,
    RetryConfig,
};
use url::Url;

/// How long one file may take; half a minute where it is left out.
const TIMEOUT: &str = "1 day";

/// Why an object cannot be had.
pub(super) enum Lost {
    /// Nothing answers: no network, or no such machine.
    Unreachable(String),
    /// Something answers, and it is no.
    Refused(String),
}

impl Lost {
    pub(super) fn sentence(self) -> String {
        match self {
            Self::Unreachable(problem) | Self::Refused(problem) => problem,
        }
    }
}

/// One object of an address.
#[derive(Clone, Debug)]
pub(super) struct Object {
    /// Its own address.
    pub(super) url: String,
    /// Where it lies in its store.
    pub(super) place: Path,
    /// What changes when the object does.
    pub(super) version: String,
    /// Bytes.
    pub(super) size: u64,
}

/// A place that objects lie at.
pub(super) struct Store {
    inner: Arc<dyn ObjectStore>,
    scheme: String,
    root: String, // of the addresses of its objects
}

impl Store {
    /// What `url` lies in, and the place of the object that it names.
    pub(super) fn of(url: &str) -> Result<(Self, Path), Lost> {
        let wrong = |e: &dyn Display| Lost::Refused(format!("cannot be understood ({e})"));
        let parsed = Url::parse(url).map_err(|e| wrong(&e))?;
        let host = parsed.host_str().unwrap_or_default();
        let place = Path::from_url_path(parsed.path()).map_err(|e| wrong(&e))?;
        // The way encryption is done is chosen once for the process.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let inner: Arc<dyn ObjectStore> = match parsed.scheme() {
            "s3" => Arc::new(
                AmazonS3Builder::from_env()
                    .with_bucket_name(host)
                    .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), TIMEOUT)
                    .with_retry(retries())
                    .build()
                    .map_err(|e| wrong(&e))?,
            ),
            "gs" => Arc::new(
                GoogleCloudStorageBuilder::from_env()
                    .with_bucket_name(host)
                    .with_config(GoogleConfigKey::Client(ClientConfigKey::Timeout), TIMEOUT)
                    .with_retry(retries())
                    .build()
                    .map_err(|e| wrong(&e))?,
            ),
            _ => {
                let mut base = parsed.clone();
                base.set_path("");
                let built = HttpBuilder::new().with_url(base).with_retry(retries());
                let built = built.with_client_options(options().with_allow_http(true));
                Arc::new(built.build().map_err(|e| wrong(&e))?)
            }
        };
        let mut root = parsed.clone();
        root.set_path("");
        root.set_query(None);
        let store = Self {
            inner,
            scheme: parsed.scheme().into(),
            root: root.as_str().trim_end_matches('/').into(),
        };
        Ok((store, place))
    }

    /// The object at `place`, or in a bucket all objects below it.
    pub(super) async fn find(&self, place: &Path) -> Result<Vec<Object>, Lost> {
        match self.inner.head(place).await {
            Ok(meta) => Ok(vec![self.object(meta)]),
            Err(Error::NotFound { .. }) if ["s3", "gs"].contains(&self.scheme.as_str()) => {
                let listed = self.inner.list(Some(place)).try_collect::<Vec<_>>().await;
                let listed = listed.map_err(|e| self.lost(&e))?;
                let mut found: Vec<Object> =
                    listed.into_iter().map(|meta| self.object(meta)).collect();
                found.retain(|object| object.size > 0); // folders have marks of no bytes
                found.sort_by(|a, b| a.url.cmp(&b.url));
                if found.is_empty() {
                    return Err(Lost::Refused(
                        "there is no such object, and none below it; look at the bucket and the path".into(),
                    ));
                }
                Ok(found)
            }
            Err(error) => Err(self.lost(&error)),
        }
    }

    fn object(&self, meta: ObjectMeta) -> Object {
        let url = format!("{}/{}", self.root, meta.location);
        let changed = || meta.last_modified.to_rfc3339();
        Object {
            version: meta.e_tag.clone().unwrap_or_else(changed),
            size: meta.size,
            place: meta.location,
            url,
        }
    }

    /// Write the bytes of `object` to `file`.
    pub(super) async fn copy(&self, object: &Object, file: &mut impl Write) -> Result<(), Lost> {
        let got = self.inner.get(&object.place).await;
        let got = got.map_err(|e| self.lost(&e))?;
        let mut bytes = 0;
        let mut stream = got.into_stream();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|_| cut(bytes, object.size))?;
            bytes += piece.len() as u64;
            let full =
                |e| Lost::Refused(format!("its copy cannot be written ({e}); free some space"));
            file.write_all(&piece).map_err(full)?;
        }
        if bytes != object.size {
            return Err(cut(bytes, object.size));
        }
        Ok(())
    }

    fn lost(&self, error: &Error) -> Lost {
        let keys = match self.scheme.as_str() {
            "s3" => {
                "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, or AWS_SKIP_SIGNATURE=true for a public bucket"
            }
            "gs" => "set GOOGLE_SERVICE_ACCOUNT, or GOOGLE_SKIP_SIGNATURE=true for a public bucket",
            _ => "download by hand what asks for a password or a key",
        };
        match error {
            Error::NotFound { .. } => {
                Lost::Refused("there is no such file on the server; look at the address".into())
            }
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => Lost::Refused(
                format!("the server does not give it without permission; {keys}"),
            ),
            other => {
                let keys = match self.scheme.as_str() {
                    "s3" | "gs" => format!(", and {keys}"),
                    _ => String::new(),
                };
                Lost::Unreachable(format!(
                    "cannot be reached ({}); look at the network and the address{keys}",
                    innermost(other)
                ))
            }
        }
    }
}

fn cut(bytes: u64, of: u64) -> Lost {
    Lost::Unreachable(format!(
        "the connection ended after {bytes} of {of} bytes; start the command again"
    ))
}

/// The cause of a cause: what the system said.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

fn options() -> ClientOptions {
    ClientOptions::new()
        .with_timeout_disabled() // a large file may take its time, a silent server may not
        .with_read_timeout(Duration::from_mins(1))
        .with_connect_timeout(Duration::from_secs(10))
}

/// Three more tries, half a second to four apart.
fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(4),
            base: 2.0,
        },
        max_retries: 3,
        retry_timeout: Duration::from_mins(1),
    }
}

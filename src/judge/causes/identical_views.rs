use super::context::{Context, cause};
use crate::eval::collapse::Cause;

/// Views of an image that are all the same.
pub(super) fn find(context: &Context) -> Option<Cause> {
    context.identical_views.then(|| Cause {
        blinds: true,
        ..cause(
            "identical_views",
            "`augment.views` makes the same view of an image every time, so that pairs agree whatever the network \
             does; add operations that change an image and keep what it shows"
                .into(),
        )
    })
}

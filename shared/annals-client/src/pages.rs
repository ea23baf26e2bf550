//! Pages, one after the other.

use futures_util::{
    StreamExt,
    stream::{BoxStream, try_unfold},
};

use crate::Error;

/// Fetches a page, and goes on where it says, until it names nothing further.
pub(crate) fn pages<At, P, F>(
    first: At,
    fetch: impl Fn(At) -> F + Send + 'static,
) -> BoxStream<'static, Result<P, Error>>
where
    At: Send + 'static,
    F: Future<Output = Result<(P, Option<At>), Error>> + Send + 'static,
    P: Send + 'static,
{
    let step = move |at: Option<At>| {
        let fetched = at.map(&fetch);
        async move {
            match fetched {
                Some(fetched) => fetched.await.map(Some),
                None => Ok(None),
            }
        }
    };
    try_unfold(Some(first), step).boxed()
}

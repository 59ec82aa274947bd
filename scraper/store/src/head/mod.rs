//! The newest samples: batches in memory until the writer thread has committed them.

mod check;
mod commit;
mod forget;
mod hot_days;
mod queue;
mod retention;
mod run;
mod runs;
mod sealer;
mod sealing;
mod thin;
mod times;
mod writer;

pub(crate) use commit::{Committer, committed_batches, sealed_and_closing};
pub(crate) use forget::ACTIVE_MS;
pub(crate) use hot_days::HotDays;
pub(crate) use queue::{Pending, Queue};
pub(crate) use retention::{Keep, oldest_kept_ms};
pub(crate) use runs::each_run;
pub(crate) use sealer::{Sealer, Work};
pub(crate) use sealing::Sealing;
pub(crate) use times::{Newest, Span, Times};
pub(crate) use writer::Writer;

use crate::blocks::Blocks;
use crate::exemplars::Exemplars;
use crate::families::Families;
use crate::recent::Recent;
use crate::rollup::Rollups;
use crate::series::SeriesIndex;
use parking_lot::{Condvar, Mutex, RwLock};

/// What appends, queries and the writer thread share. Who needs several locks takes them in this order: `recent`, `series`,
/// `queue`.
pub(crate) struct Shared {
    pub(crate) recent: RwLock<Recent>,
    pub(crate) series: RwLock<SeriesIndex>,
    pub(crate) queue: Mutex<Queue>,
    /// There may be something to do for the writer.
    pub(crate) work: Condvar,
    /// A commit ended, well or not, or the writer itself; or a pass of the sealer.
    pub(crate) settled: Condvar,
    /// There may be something to do for the sealer.
    pub(crate) to_seal: Condvar,
    pub(crate) blocks: Blocks,
    pub(crate) exemplars: Mutex<Exemplars>,
    pub(crate) keep: RwLock<Keep>,
    pub(crate) families: Mutex<Families>,
    pub(crate) rollups: Rollups,
}

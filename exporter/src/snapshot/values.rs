//! Numbers of which some are not known, and how quantities are listed.

/// An enum of quantities, with the list of them all in the order of their discriminants.
macro_rules! quantities {
    ($(#[$of_all:meta])* $name:ident { $($(#[$of_one:meta])* $one:ident,)+ }) => {
        $(#[$of_all])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(usize)]
        pub enum $name {
            $($(#[$of_one])* $one,)+
        }

        impl $name {
            /// Every one, in the order of the discriminants.
            pub const ALL: [$name; [$($name::$one),+].len()] = [$($name::$one),+];
        }
    };
}
pub(super) use quantities;

/// Half the size of as many `Option`s, which counts where there is a set per process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Values<const N: usize> {
    /// One bit for each.
    known: u32,
    /// 0 where it is not known.
    numbers: [u64; N],
}

impl<const N: usize> Default for Values<N> {
    fn default() -> Values<N> {
        const { assert!(N <= u32::BITS as usize) };
        Values { known: 0, numbers: [0; N] }
    }
}

impl<const N: usize> Values<N> {
    pub(super) fn get(&self, index: usize) -> Option<u64> {
        (self.known & (1 << index) != 0).then(|| self.numbers[index])
    }

    pub(super) fn set(&mut self, index: usize, value: Option<u64>) {
        self.numbers[index] = value.unwrap_or(0);
        self.known = self.known & !(1 << index) | u32::from(value.is_some()) << index;
    }

    /// What is not known counts nothing, and a sum only stays unknown where nothing is known.
    pub(super) fn add(&mut self, more: &Values<N>) {
        self.known |= more.known;
        for (sum, number) in self.numbers.iter_mut().zip(more.numbers) {
            *sum = sum.saturating_add(number);
        }
    }
}

//! R5, R6 and R2 for old certificates: what passes from one generation to the next.

/// A header as a reconfiguration looks at it: its place in its source's chain.
pub trait Linked: Clone {
    /// What names a header: its digest.
    type Name: Clone + Ord;

    /// The header's name.
    fn name(&self) -> Self::Name;

    /// The name of the header before it.
    fn previous(&self) -> Self::Name;

    /// How far along its source's chain it stands: the counter of its first operation, at least 1.
    fn first(&self) -> u64;

    /// The counter of the first operation after it; `None` if there can be none.
    fn after(&self) -> Option<u64>;
}

/// One source as one replica sees it (R5): what is certified, and what may be next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct View<H> {
    /// The header of the highest certificate known.
    pub best: Option<H>,
    /// The headers right after it that somebody is bound to.
    pub open: Vec<H>,
}

/// What a member knows when it may seal its generation (R5).
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct SealFacts {
    /// It has activated this generation.
    pub activated: bool,
    /// The next generation is decided.
    pub decided: bool,
}

/// What a replica knows when it may activate the next generation (R6).
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct ActivateFacts {
    /// The next generation is decided.
    pub decided: bool,
    /// It has sealed the generation before, or had no right to echo in it.
    pub settled: bool,
    /// How many members of the generation before have sealed it.
    pub seals: usize,
    /// How many members the generation before has.
    pub members: usize,
}

/// What is known of a certificate of an older generation (R2).
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct OldFacts {
    /// Its header is that of `best`, or an ancestor of it.
    pub below_best: bool,
    /// Its header is in `open`.
    pub open: bool,
    /// This replica has activated the generation after the certificate's: then every genuine certificate of it is for
    /// something it has, or has open.
    pub followed: bool,
    /// More than `f` of the seals it activates its own generation with show the header, open or certified. It is all
    /// that somebody can go by who was not there, a joiner for one, who has nothing open before that.
    pub vouched: bool,
}

/// The highest certificate, and every header right after it that anybody is bound to.
pub(super) fn merge<H: Linked>(start: &H::Name, own: View<H>, seals: Vec<View<H>>) -> View<H> {
    let mut best = None::<H>;
    let mut all = Vec::new();
    for view in std::iter::once(own).chain(seals) {
        if let Some(candidate) = view.best
            && best
                .as_ref()
                .is_none_or(|best| best.first() < candidate.first())
        {
            best = Some(candidate);
        }
        all.extend(view.open);
    }
    let (name, next) = match &best {
        Some(best) => (best.name(), best.after()),
        None => (start.clone(), Some(1)),
    };
    let mut open: Vec<H> = Vec::new();
    for header in all {
        let follows = Some(header.first()) == next && header.previous() == name;
        if follows && open.iter().all(|known| known.name() != header.name()) {
            open.push(header);
        }
    }
    open.sort_by_key(Linked::name);
    View { best, open }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its name, the name before it, its place.
    #[derive(Clone, Debug, PartialEq)]
    struct Header(&'static str, &'static str, u64);

    impl Linked for Header {
        type Name = &'static str;

        fn name(&self) -> &'static str {
            self.0
        }

        fn previous(&self) -> &'static str {
            self.1
        }

        fn first(&self) -> u64 {
            self.2
        }

        fn after(&self) -> Option<u64> {
            self.2.checked_add(1)
        }
    }

    fn view(best: Option<Header>, open: &[Header]) -> View<Header> {
        let open = open.to_vec();
        View { best, open }
    }

    #[test]
    fn the_highest_certificate_and_all_that_follows_it_are_inherited() {
        let first = Header("a", "start", 1);
        let (second, other) = (Header("b", "a", 2), Header("c", "a", 2));
        let stray = Header("d", "x", 2);
        let own = view(None, std::slice::from_ref(&first));
        let seals = vec![
            view(Some(first.clone()), &[second.clone(), stray]),
            view(Some(first.clone()), std::slice::from_ref(&second)),
        ];
        let merged = merge(&"start", own.clone(), seals.clone());
        assert_eq!(
            merged,
            view(Some(first.clone()), std::slice::from_ref(&second))
        );
        let mut more = seals;
        more.push(view(Some(first.clone()), std::slice::from_ref(&other)));
        let frozen = merge(&"start", own, more);
        assert_eq!(
            frozen,
            view(Some(first), &[second, other]),
            "two of them: frozen"
        );
    }
}

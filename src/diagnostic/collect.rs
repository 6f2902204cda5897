//! Collects all diagnostics of a run: the first hundred per code and file with their places, the rest counted.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use super::{Code, Diagnostic, Severity};

/// How many diagnostics of one code in one file are kept whole. A wrong column in a million rows is one mistake.
const KEPT_PER_CODE_AND_FILE: u64 = 100;

/// How often a code was reported in one file, and how many of those were only counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeCount {
    pub code: &'static str,
    pub file: Option<Arc<str>>,
    pub total: u64,
    pub kept: u64,
}

/// Everything that was found, in the order in which people should read it once [`Diagnostics::sorted`] is called.
#[derive(Debug, Default)]
pub struct Diagnostics {
    kept: Vec<Diagnostic>,
    counts: HashMap<(&'static str, Option<Arc<str>>), u64>,
    errors: u64,
    warnings: u64,
}

impl Diagnostics {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn push(&mut self, diagnostic: Diagnostic) {
        match diagnostic.severity() {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
        }
        let file = diagnostic.place.as_ref().map(|place| Arc::clone(&place.file));
        let count = self.counts.entry((diagnostic.code.id, file)).or_default();
        *count += 1;
        if *count <= KEPT_PER_CODE_AND_FILE {
            self.kept.push(diagnostic);
        }
    }

    /// Whether one more of this code in this file would only be counted: then its place need not be worked out, which for
    /// a million rows takes longer than reading them.
    pub fn only_counts(&self, code: &Code, file: &Arc<str>) -> bool {
        self.counts.get(&(code.id, Some(Arc::clone(file)))).is_some_and(|count| *count >= KEPT_PER_CODE_AND_FILE)
    }

    pub fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        for diagnostic in diagnostics {
            self.push(diagnostic);
        }
    }

    /// Takes in everything that was found elsewhere (another manifest of the same command), with its counts.
    pub fn merge(&mut self, other: Self) {
        self.kept.extend(other.kept);
        for (key, count) in other.counts {
            *self.counts.entry(key).or_default() += count;
        }
        self.errors += other.errors;
        self.warnings += other.warnings;
    }

    /// Makes errors of all warnings, for `--strict`.
    pub fn make_strict(&mut self) {
        for diagnostic in &mut self.kept {
            diagnostic.strict = true;
        }
        self.errors += std::mem::take(&mut self.warnings);
    }

    /// Names files anew, as where they are seen from has changed.
    pub fn rename_files(&mut self, name: &dyn Fn(&Arc<str>) -> Arc<str>) {
        for diagnostic in &mut self.kept {
            let related = diagnostic.related.iter_mut().map(|related| &mut related.place);
            for place in diagnostic.place.iter_mut().chain(related) {
                place.file = name(&place.file);
            }
        }
        let counts = std::mem::take(&mut self.counts);
        for ((code, file), count) in counts {
            *self.counts.entry((code, file.as_ref().map(name))).or_default() += count;
        }
    }

    /// All errors, those beyond the first hundred of a kind included.
    pub fn errors(&self) -> u64 {
        self.errors
    }

    pub fn warnings(&self) -> u64 {
        self.warnings
    }

    pub fn is_empty(&self) -> bool {
        self.errors + self.warnings == 0
    }

    /// What was kept, by file in the order in which files were first named, then by line and column.
    pub fn sorted(&self) -> Vec<&Diagnostic> {
        let mut order: Vec<&Arc<str>> = Vec::new();
        for place in self.kept.iter().filter_map(|diagnostic| diagnostic.place.as_ref()) {
            if !order.contains(&&place.file) {
                order.push(&place.file);
            }
        }
        let mut sorted: Vec<&Diagnostic> = self.kept.iter().collect();
        sorted.sort_by_key(|diagnostic| {
            let place = diagnostic.place.as_ref();
            let file = place.and_then(|place| order.iter().position(|file| **file == place.file));
            (file.is_none(), file, place.and_then(|place| place.span), diagnostic.code.id)
        });
        sorted
    }

    /// How often a code was reported, all files together.
    pub fn count_of(&self, code: &Code) -> u64 {
        self.counts.iter().filter(|((id, _), _)| *id == code.id).map(|(_, count)| count).sum()
    }

    /// How often each code was reported, all files together.
    pub fn by_code(&self) -> BTreeMap<&'static str, u64> {
        let mut by_code = BTreeMap::new();
        for ((code, _), count) in &self.counts {
            *by_code.entry(*code).or_default() += count;
        }
        by_code
    }

    /// The codes and files of which not every diagnostic was kept.
    pub fn cut(&self) -> Vec<CodeCount> {
        let mut cut: Vec<CodeCount> = self
            .counts
            .iter()
            .filter(|(_, total)| **total > KEPT_PER_CODE_AND_FILE)
            .map(|((code, file), total)| CodeCount {
                code,
                file: file.clone(),
                total: *total,
                kept: KEPT_PER_CODE_AND_FILE,
            })
            .collect();
        cut.sort_by(|a, b| (&a.file, a.code).cmp(&(&b.file, b.code)));
        cut
    }
}

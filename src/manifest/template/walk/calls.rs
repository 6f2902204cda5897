//! What a template does with values: filters, tests and calls, and which of them do without a value.

use std::ops::Range;

use minijinja::machinery::ast::{Call, CallArg, CallType, Expr, Test};

use super::super::expression::{constant_text, handed_on, is_row, members, range};
use super::super::kind::{self, Kind};
use super::super::language::{FILTERS, FUNCTIONS, OPERATORS, TESTS};
use super::super::{Need, parse_date};
use super::Walker;
use super::size::value_of;
use crate::diagnostic::suggest::nearest;
use crate::diagnostic::text::template as words;

impl Walker<'_> {
    pub(super) fn test(&mut self, test: &Test<'_>, span: Range<usize>) {
        if !TESTS.contains(&test.name) && !OPERATORS.contains(&test.name) {
            let near = nearest(test.name, TESTS.iter().copied());
            let place = self.word(test.name, &span);
            self.fault(place, words::unknown_test(test.name, near));
        }
        let fault = kind::tested(self.text, test, self.word(test.name, &span), &|name| self.kind_of(name));
        self.found.faults.extend(fault);
        if matches!(test.name, "defined" | "undefined") {
            self.guarded(&test.expr, true);
            self.lenient(&handed_on(&test.expr));
        } else {
            self.expression(&test.expr);
        }
        self.arguments(&test.args);
    }

    pub(super) fn call(&mut self, call: &Call<'_>, span: Range<usize>) {
        match call.identify_call() {
            CallType::Function(name) => {
                if !FUNCTIONS.contains(&name) {
                    let near = nearest(name, FUNCTIONS.iter().copied());
                    let place = self.word(name, &span);
                    self.fault(place, words::unknown_function(name, near, FILTERS.contains(&name)));
                }
                if kind::is_range(call) {
                    let place = self.word(name, &span);
                    call.args.iter().for_each(|arg| self.wants_number(value_of(arg), "int", place.clone()));
                }
            }
            CallType::Method(of, name) => {
                if !matches!(of, Expr::Var(var) if var.id == "loop") {
                    let place = self.word(name, &span);
                    let (instead, near) = (self.instead(call, &span), nearest(name, FILTERS.iter().copied()));
                    self.fault(place, words::method(name, instead.as_deref(), near));
                } else if name == "cycle" && !call.args.iter().any(|arg| matches!(arg, CallArg::Pos(_))) {
                    // The engine divides by how many there are.
                    self.fault(span, words::cycle_of_nothing());
                }
                self.expression(of);
            }
            CallType::Block(name) => self.fault(span, words::unsupported(&format!("self.{name}"))),
            CallType::Object(of) => {
                self.fault(span, words::unsupported("calling a value"));
                self.expression(of);
            }
        }
        self.arguments(&call.args);
    }

    pub(super) fn filter(&mut self, name: &str, of: Option<&Expr<'_>>, args: &[CallArg<'_>], span: Range<usize>) {
        let mut meant = name;
        if !FILTERS.contains(&name) {
            let near = nearest(name, FILTERS.iter().copied());
            let place = self.word(name, &span);
            self.fault(place, words::unknown_filter(name, near));
            meant = near.unwrap_or(name);
        }
        match of {
            Some(of) if matches!(meant, "default" | "d") => {
                self.guarded(of, false);
                self.arguments(args);
                self.lenient(&handed_on(of));
                for arg in args {
                    self.lenient(&handed_on(value_of(arg)));
                }
                return;
            }
            Some(of) => {
                match name {
                    "abs" | "round" => self.wants_number(of, "float", self.word(name, &span)),
                    "sum" if self.kind(of) == Some(Kind::Texts) => {
                        self.wants_number(of, "int", self.word(name, &span));
                    }
                    "max" | "min" | "sort" | "sum" => {
                        let fault = kind::mixed(self.text, of, &|name| self.kind_of(name));
                        self.found.faults.extend(fault);
                    }
                    _ => {}
                }
                self.expression(of);
                if asks_for_definedness(name, args) {
                    self.lenient(&members(of));
                }
            }
            None => {}
        }
        if name == "parse_date" {
            if let [CallArg::Pos(format)] = args {
                if let Some(Err(reason)) = constant_text(format).map(|format| parse_date::fields(&format)) {
                    self.fault(range(format.span()), words::date_format(&reason));
                }
            } else {
                let place = self.word(name, &span);
                self.fault(place, words::date_format("parse_date needs a format"));
            }
        }
        self.arguments(args);
    }

    fn arguments(&mut self, args: &[CallArg<'_>]) {
        for arg in args {
            self.expression(value_of(arg));
        }
    }

    /// A value for which the template says what happens when it is not there. `everywhere` when the question was asked
    /// by a test, whose answer may guard any other use.
    fn guarded(&mut self, expression: &Expr<'_>, everywhere: bool) {
        let before = self.found.uses.len();
        self.expression(expression);
        let direct = match expression {
            Expr::Var(_) => true,
            Expr::GetAttr(get) => is_row(&get.expr),
            Expr::GetItem(get) => is_row(&get.expr),
            _ => false,
        };
        for one in self.found.uses[before..].iter_mut().filter(|_| direct) {
            one.need = Need::Guarded;
            if everywhere {
                self.tested.insert((one.of_row, one.name.clone()));
            }
        }
    }

    /// Marks the uses at `ranges`.
    pub(super) fn lenient(&mut self, ranges: &[Range<usize>]) {
        for one in self.found.uses.iter_mut().filter(|one| one.need == Need::Asked) {
            if ranges.contains(&one.range) {
                one.need = Need::Passed;
            }
        }
    }
}

/// `select("defined")` takes out of a list what there is not.
fn asks_for_definedness(filter: &str, args: &[CallArg<'_>]) -> bool {
    let [CallArg::Pos(test)] = args else { return false };
    let test = constant_text(test);
    matches!((filter, test.as_deref()), ("select", Some("defined")) | ("reject", Some("undefined")))
}

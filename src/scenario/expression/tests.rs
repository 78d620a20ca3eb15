//! Expressions as people write them, and as nobody would.
//! It does not know what they come to.

use proptest::prelude::*;

use super::*;
use crate::task::{Binary, Builtin, EXPR_DEPTH_MAX, Unary, Variable};

struct Names;

impl Scope for Names {
    fn name(&self, name: &str) -> Option<Expr> {
        match name {
            "n" => Some(Expr::Variable(Variable::Local(0))),
            "你好" => Some(Expr::Variable(Variable::Local(1))),
            "balance" => Some(Expr::Variable(Variable::Shared(0))),
            _ => known(name),
        }
    }

    fn shared(&self, name: &str) -> Option<u16> {
        (name == "balance").then_some(0)
    }

    fn tree(&self, name: &str) -> Option<u16> {
        (name == "photos").then_some(0)
    }
}

/// Like Lisp, so that what belongs together can be seen.
fn shape(expr: &Expr) -> String {
    let all = |exprs: &[Expr]| exprs.iter().map(shape).collect::<Vec<_>>().join(" ");
    match expr {
        Expr::Literal(Value::Text(text)) => format!("'{text}'"),
        Expr::Literal(value) => value.to_string(),
        Expr::Variable(Variable::Local(number)) => format!("local{number}"),
        Expr::Variable(Variable::Shared(number)) => format!("shared{number}"),
        Expr::Known(known) => format!("{known:?}"),
        Expr::Text(pieces) => format!("(text {})", all(pieces)),
        Expr::List(values) => format!("[{}]", all(values)),
        Expr::Unary(Unary::Not, of) => format!("(not {})", shape(of)),
        Expr::Unary(Unary::Negative, of) => format!("(neg {})", shape(of)),
        Expr::Binary(binary, left, right) => format!("({binary:?} {} {})", shape(left), shape(right)),
        Expr::Call(builtin, args) => format!("({builtin:?} {})", all(args)),
        Expr::Index(of, place) => format!("(at {} {})", shape(of), shape(place)),
    }
}

fn read(text: &str) -> String {
    expression(text, &Names).map_or_else(|fault| format!("{fault:?}"), |expr| shape(&expr))
}

fn filled(text: &str) -> String {
    template(text, &Names).map_or_else(|fault| format!("{fault:?}"), |expr| shape(&expr))
}

#[test]
fn operators_hold_as_in_python() {
    for (text, expected) in [
        ("n * n", "(Multiply local0 local0)"),
        ("1 + 2 * 3 - 4", "(Subtract (Add 1 (Multiply 2 3)) 4)"),
        ("(1 + 2) * 3", "(Multiply (Add 1 2) 3)"),
        ("7 // 2 / 3 % 4", "(Remainder (Divide (FloorDivide 7 2) 3) 4)"),
        (
            "not n == 1 or n < 2 and n >= 3",
            "(Or (not (Equal local0 1)) (And (Less local0 2) (GreaterOrEqual local0 3)))",
        ),
        ("-n * 2", "(Multiply (neg local0) 2)"),
        ("-n[0]", "(neg (at local0 0))"),
        ("1 - -2", "(Subtract 1 -2)"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("[1, 'a', \"b\", [None, True], False,]", "[1 'a' 'b' [None True] False]"),
        ("[]", "[]"),
        ("n[1][-1]", "(at (at local0 1) -1)"),
        ("round(balance / 3, 2)", "(Round (Divide shared0 3) 2)"),
        ("range(1, n) != range(n)", "(NotEqual (Range 1 local0) (Range local0))"),
        ("min(1, 2, 3) <= max([1]) ", "(LessOrEqual (Min 1 2 3) (Max [1]))"),
        ("1_000 + 1.5e3 + 2.0", "(Add (Add 1000 1500.0) 2.0)"),
        ("'it\\'s\\n'", "'it's\n'"),
        ("lost('balance') > len(files('photos'))", "(Greater LostUpdates(0) (Len Files(0)))"),
        ("pid != ppid", "(NotEqual Pid ParentPid)"),
        ("你好", "local1"),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
    assert!(matches!(expression("str(1)", &Names), Ok(Expr::Call(Builtin::Str, _))));
    assert!(matches!(expression("1>2", &Names), Ok(Expr::Binary(Binary::Greater, ..))));
}

#[test]
fn templates_have_expressions_in_braces() {
    for (text, expected) in [
        ("", "''"),
        ("plain", "'plain'"),
        ("{n} squared is {n * n}", "(text local0 ' squared is ' (Multiply local0 local0))"),
        ("{{n}} {n}", "(text '{n} ' local0)"),
        ("{'}'}{[1, 2]}", "(text '}' [1 2])"),
        ("你好 { 你好 }!", "(text '你好 ' local1 '!')"),
    ] {
        assert_eq!(filled(text), expected, "{text}");
    }
}

#[test]
fn what_is_wrong_is_found_where_it_is() {
    let at = |text: &str| expression(text, &Names).unwrap_err().at;
    for (text, marked) in [
        ("", ""),
        ("n +", ""),
        ("n n", "n"),
        ("n = 1", "="),
        ("n + m", "m"),
        ("banana(1)", "banana"),
        ("len(1, 2)", "len(1, 2)"),
        ("round(1)", "round(1)"),
        ("1 < 2 < 3", "<"),
        ("[1, 2", ""),
        ("(1", ""),
        ("1)", ")"),
        ("'abc", "'"),
        ("'a\\x'", "\\x"),
        ("4kB", "4kB"),
        ("1.2.3", "1.2.3"),
        ("99999999999999999999", "99999999999999999999"),
        ("1e999", "1e999"),
        ("n && n", "&"),
        ("n $ n", "$"),
        ("lost(balance)", "balance"),
        ("lost('x')", "'x'"),
        ("files('x')", "'x'"),
        ("n[1", ""),
        ("and", "and"),
        ("n is None", "is"),
    ] {
        assert_eq!(&text[at(text)], marked, "{text}");
    }
    assert_eq!(at("1 < 2 < 3").start, 6);
    let at = |text: &str| template(text, &Names).unwrap_err().at;
    for (text, place) in
        [("a {m}", 3..4), ("a {n", 2..3), ("a }", 2..3), ("a {n:3}", 4..5), ("{n n}", 3..4), ("{}", 1..2)]
    {
        assert_eq!(at(text), place, "{text}");
    }
}

#[test]
fn depth_is_limited_and_length_is_not() {
    let deep = |levels: usize| format!("{}1{}", "(".repeat(levels), ")".repeat(levels));
    assert!(expression(&deep(EXPR_DEPTH_MAX - 1), &Names).is_ok());
    for text in [
        deep(EXPR_DEPTH_MAX + 1),
        deep(100_000),
        "[".repeat(100_000),
        "-n + ".repeat(100_000) + "n",
        "not ".repeat(100_000),
        "- ".repeat(100_000),
        format!("n{}", "[0]".repeat(100_000)),
        "len(".repeat(100_000),
        "n == 1 or ".repeat(100_000) + "n",
    ] {
        let fault = expression(&text, &Names).unwrap_err();
        assert!(matches!(&fault.why, Why::Said(what, _) if what.contains("deeper than 32")), "{fault:?}");
    }
    let long = format!("[{}]", "n, ".repeat(100_000));
    assert!(expression(&long, &Names).is_ok());
    assert!(template(&"{n} ".repeat(100_000), &Names).is_ok());
}

/// No expression is deeper than what an evaluator may count on.
fn depth(expr: &Expr) -> usize {
    1 + match expr {
        Expr::Literal(_) | Expr::Variable(_) | Expr::Known(_) => 0,
        Expr::Text(list) | Expr::List(list) | Expr::Call(_, list) => list.iter().map(depth).max().unwrap_or(0),
        Expr::Unary(_, of) => depth(of),
        Expr::Binary(_, left, right) | Expr::Index(left, right) => depth(left).max(depth(right)),
    }
}

proptest! {
    #[test]
    fn no_text_is_too_odd(text in prop_oneof![
        "\\PC{0,60}",
        prop::collection::vec(prop::sample::select(vec![
            "n", "m", "(", ")", "[", "]", ",", "+", "-", "*", "/", "//", "%", "==", "=", "<", ">=", "and", "or", "not", " ", " ",
            "'", "\"", "\\", "{", "}", "1", "2.5", "1e9", "len(", "round(", "lost('balance')", "None", "True", "照", "!", "&", ":", ".",
        ]), 0..40).prop_map(|pieces| pieces.concat()),
    ]) {
        for read in [expression(&text, &Names), template(&text, &Names)] {
            match read {
                Ok(expr) => prop_assert!(depth(&expr) <= EXPR_DEPTH_MAX),
                Err(fault) => {
                    prop_assert!(fault.at.start <= fault.at.end && fault.at.end <= text.len());
                    prop_assert!(text.is_char_boundary(fault.at.start) && text.is_char_boundary(fault.at.end));
                }
            }
        }
    }
}

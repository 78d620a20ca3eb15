//! That expressions come to what Python says, and that none can do harm.
//! It does not know the text expressions are written in.

use proptest::prelude::*;

use super::*;
use crate::task::{Builtin, Known, Variable};

struct Fixed;

impl Names for Fixed {
    fn variable(&self, variable: Variable) -> Value {
        match variable {
            Variable::Local(place) => Value::Int(i64::from(place)),
            Variable::Shared(_) => Value::None,
        }
    }

    fn known(&self, known: Known) -> Value {
        if known == Known::Host { Value::Text("here".into()) } else { Value::Int(1) }
    }
}

fn lit(value: impl Into<Lit>) -> Expr {
    Expr::Literal(value.into().0)
}

struct Lit(Value);

impl From<i64> for Lit {
    fn from(int: i64) -> Self {
        Self(Value::Int(int))
    }
}

impl From<f64> for Lit {
    fn from(float: f64) -> Self {
        Self(Value::Float(float))
    }
}

impl From<&str> for Lit {
    fn from(text: &str) -> Self {
        Self(Value::Text(text.into()))
    }
}

impl From<bool> for Lit {
    fn from(bool: bool) -> Self {
        Self(Value::Bool(bool))
    }
}

impl From<&[i64]> for Lit {
    fn from(ints: &[i64]) -> Self {
        Self(Value::List(ints.iter().copied().map(Value::Int).collect()))
    }
}

/// The result, or the error, as people see it.
fn shown(expr: &Expr) -> String {
    expr.eval(&Fixed).map_or_else(|error| format!("error: {error}"), |value| value.to_string())
}

fn two(left: impl Into<Lit>, binary: Binary, right: impl Into<Lit>) -> String {
    shown(&Expr::Binary(binary, lit(left).into(), lit(right).into()))
}

fn call(builtin: Builtin, args: Vec<Lit>) -> String {
    shown(&Expr::Call(builtin, args.into_iter().map(|arg| Expr::Literal(arg.0)).collect()))
}

#[test]
fn whole_numbers_stay_whole_but_for_division() {
    assert_eq!(two(2, Binary::Add, 3), "5");
    assert_eq!(two(2, Binary::Multiply, 0.5), "1.0");
    assert_eq!(two(6, Binary::Divide, 3), "2.0");
    // Neither side is rounded before: 2^53 + 1 is no f64.
    assert_eq!(two(2, Binary::Divide, 9_007_199_254_740_993), "2.2204460492503128e-16");
    assert_eq!(two(i64::MIN, Binary::Divide, -1), "9.223372036854776e+18");
    assert_eq!(two(0, Binary::Divide, -5), "-0.0");
    assert_eq!(two(true, Binary::Add, true), "2");
}

#[test]
fn division_rounds_down_and_the_rest_has_the_sign_of_the_right_side() {
    let cases = [(7, 2, "3", "1"), (-7, 2, "-4", "1"), (7, -2, "-4", "-1"), (-7, -2, "3", "-1"), (-8, 2, "-4", "0")];
    for (left, right, times, rest) in cases {
        assert_eq!(two(left, Binary::FloorDivide, right), times, "{left} // {right}");
        assert_eq!(two(left, Binary::Remainder, right), rest, "{left} % {right}");
    }
    assert_eq!(two(-7.5, Binary::FloorDivide, 2), "-4.0");
    // Zero has the sign that the quotient would have.
    assert_eq!(two(-0.0, Binary::FloorDivide, 3), "-0.0");
    assert_eq!(two(-1, Binary::FloorDivide, -7.5), "0.0");
    assert_eq!(two(-7.5, Binary::Remainder, 2), "0.5");
    assert_eq!(two(i64::MIN, Binary::Remainder, -1), "0");
}

#[test]
fn what_leaves_the_range_is_an_error() {
    for binary in [Binary::Add, Binary::Multiply] {
        assert!(two(i64::MAX, binary, i64::MAX).starts_with("error: the result of "), "{binary:?}");
    }
    assert_eq!(two(i64::MIN, Binary::FloorDivide, -1), "error: the result of // is too large for a whole number");
    assert_eq!(two(1e308, Binary::Multiply, 10.0), "error: the result is too large for a number");
    for binary in [Binary::Divide, Binary::FloorDivide, Binary::Remainder] {
        assert_eq!(two(1, binary, 0), "error: division by zero");
        assert_eq!(two(1, binary, 0.0), "error: division by zero");
    }
    assert!(shown(&Expr::Unary(Unary::Negative, lit(i64::MIN).into())).starts_with("error: "));
}

#[test]
fn texts_and_lists_are_joined_and_repeated() {
    assert_eq!(two("a", Binary::Add, "b"), "ab");
    assert_eq!(two(&[1][..], Binary::Add, &[2, 3][..]), "[1, 2, 3]");
    assert_eq!(two("=", Binary::Multiply, 5), "=====");
    assert_eq!(two(2, Binary::Multiply, &[0][..]), "[0, 0]");
    assert_eq!(two("a", Binary::Multiply, -1), "");
    assert_eq!(two("a", Binary::Add, 1), "error: cannot compute a text + a whole number");
    assert!(two("ab", Binary::Multiply, i64::MAX).starts_with("error: a text would be longer"));
}

#[test]
fn comparing_is_exact_and_knows_what_cannot_be_compared() {
    assert_eq!(two(1, Binary::Equal, 1.0), "True");
    assert_eq!(two(1, Binary::Equal, "1"), "False");
    // 2^53 + 1 is no f64.
    assert_eq!(two(9_007_199_254_740_993, Binary::Equal, 9_007_199_254_740_992.0), "False");
    assert_eq!(two(9_007_199_254_740_993, Binary::Greater, 9_007_199_254_740_992.0), "True");
    assert_eq!(two(-1, Binary::Less, -0.5), "True");
    assert_eq!(two(&[1, 2][..], Binary::Less, &[1, 2, 0][..]), "True");
    assert_eq!(two("a", Binary::Less, 1), "error: cannot say whether a text or a whole number is less");
}

#[test]
fn and_or_give_one_of_their_sides_and_look_at_the_second_only_if_need_be() {
    assert_eq!(two(0, Binary::And, 5), "0");
    assert_eq!(two(0, Binary::Or, "x"), "x");
    let fails = || Box::new(Expr::Binary(Binary::Divide, lit(1).into(), lit(0).into()));
    assert_eq!(shown(&Expr::Binary(Binary::And, lit(false).into(), fails())), "False");
    assert_eq!(shown(&Expr::Binary(Binary::Or, lit(1).into(), fails())), "1");
}

#[test]
fn places_are_counted_from_both_ends() {
    let index = |place: i64| shown(&Expr::Index(lit(&[10, 20, 30][..]).into(), lit(place).into()));
    assert_eq!((index(0), index(-1)), ("10".to_owned(), "30".to_owned()));
    assert_eq!(index(3), "error: index 3 is out of range: there are 3");
    assert_eq!(index(i64::MIN), format!("error: index {} is out of range: there are 3", i64::MIN));
    assert_eq!(shown(&Expr::Index(lit("你好").into(), lit(1).into())), "好");
}

#[test]
fn functions_are_pythons_but_for_round() {
    assert_eq!(call(Builtin::Len, vec!["你好".into()]), "2");
    assert_eq!(call(Builtin::Sum, vec![(&[1, 2, 3][..]).into()]), "6");
    assert_eq!(call(Builtin::Range, vec![2.into(), 5.into()]), "[2, 3, 4]");
    assert_eq!(call(Builtin::Range, vec![5.into(), 2.into()]), "[]");
    assert!(call(Builtin::Range, vec![1_000_001.into()]).starts_with("error: a range"));
    assert!(call(Builtin::Range, vec![i64::MIN.into(), i64::MAX.into()]).starts_with("error: a range"));
    assert_eq!(call(Builtin::Min, vec![3.into(), 1.into(), 2.into()]), "1");
    assert_eq!(call(Builtin::Max, vec![(&[][..]).into()]), "error: max of an empty list");
    assert_eq!(call(Builtin::Abs, vec![(-2.5).into()]), "2.5");
    assert_eq!(call(Builtin::Round, vec![2.0.into(), 3.into()]), "2.000");
    assert_eq!(call(Builtin::Round, vec![2.into(), 3.into()]), "2.000");
    assert_eq!(call(Builtin::Round, vec![0.125.into(), 2.into()]), "0.12");
    assert_eq!(call(Builtin::Str, vec![1.0.into()]), "1.0");
}

#[test]
fn templates_take_values_as_print_shows_them() {
    let text = Expr::Text(vec![
        Expr::Variable(Variable::Local(7)),
        lit(" on "),
        Expr::Known(Known::Host),
        lit(": "),
        Expr::List(vec![lit("a"), lit(1)]),
    ]);
    assert_eq!(shown(&text), "7 on here: ['a', 1]");
}

#[test]
fn lists_grow_neither_too_long_nor_too_deep() {
    let mut value = Value::Int(1);
    let deeper = |value: &Value| Expr::List(vec![Expr::Literal(value.clone())]).eval(&Fixed);
    for _ in 0..VALUE_DEPTH_MAX {
        value = deeper(&value).unwrap();
    }
    assert!(deeper(&value).is_err());

    let mut value = Value::List((0..1000).map(Value::Int).collect());
    let error = loop {
        let twice = Expr::List(vec![Expr::Literal(value.clone()), Expr::Literal(value.clone())]);
        match twice.eval(&Fixed) {
            Ok(larger) => value = larger,
            Err(error) => break error,
        }
    };
    assert_eq!(&*error, "a list would have more than 1000000 values");
}

fn some_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        prop_oneof![any::<i64>(), Just(i64::MIN), Just(0), Just(-1)].prop_map(Value::Int),
        prop_oneof![-1e308..1e308, Just(0.0), Just(-0.0), Just(f64::MAX), Just(f64::MIN_POSITIVE)]
            .prop_map(Value::Float),
        ".{0,5}".prop_map(|text| Value::Text(text.into())),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| proptest::collection::vec(inner, 0..4).prop_map(Value::List))
}

fn some_expr() -> impl Strategy<Value = Expr> {
    const UNARY: [Unary; 2] = [Unary::Negative, Unary::Not];
    const BINARY: [Binary; 14] = [
        Binary::Add,
        Binary::Subtract,
        Binary::Multiply,
        Binary::Divide,
        Binary::FloorDivide,
        Binary::Remainder,
        Binary::Equal,
        Binary::NotEqual,
        Binary::Less,
        Binary::LessOrEqual,
        Binary::Greater,
        Binary::GreaterOrEqual,
        Binary::And,
        Binary::Or,
    ];
    const CALLS: [Builtin; 8] = [
        Builtin::Len,
        Builtin::Sum,
        // The one that makes much of little has a test of its own.
        Builtin::Len,
        Builtin::Min,
        Builtin::Max,
        Builtin::Abs,
        Builtin::Round,
        Builtin::Str,
    ];
    some_value().prop_map(Expr::Literal).prop_recursive(4, 30, 3, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            (proptest::sample::select(&UNARY[..]), boxed()).prop_map(|(unary, of)| Expr::Unary(unary, of)),
            (proptest::sample::select(&BINARY[..]), boxed(), boxed())
                .prop_map(|(binary, left, right)| Expr::Binary(binary, left, right)),
            (proptest::sample::select(&CALLS[..]), proptest::collection::vec(inner.clone(), 0..4))
                .prop_map(|(builtin, args)| Expr::Call(builtin, args)),
            (boxed(), boxed()).prop_map(|(list, place)| Expr::Index(list, place)),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Expr::List),
            proptest::collection::vec(inner, 0..4).prop_map(Expr::Text),
        ]
    })
}

fn all_finite(value: &Value) -> bool {
    match value {
        Value::Float(float) => float.is_finite(),
        Value::List(items) => items.iter().all(all_finite),
        _ => true,
    }
}

proptest! {
    #[test]
    fn no_expression_panics_and_every_value_is_finite_and_bounded(expr in some_expr()) {
        if let Ok(value) = expr.eval(&Fixed) {
            prop_assert!(all_finite(&value), "{value:?}");
            prop_assert!(value.bounded().is_ok());
        }
    }

    #[test]
    fn quotient_and_rest_make_the_whole(left in any::<i64>(), right in any::<i64>()) {
        prop_assume!(right != 0 && (left, right) != (i64::MIN, -1));
        let of = |binary| match Expr::Binary(binary, lit(left).into(), lit(right).into()).eval(&Fixed) {
            Ok(Value::Int(int)) => i128::from(int),
            other => panic!("{other:?}"),
        };
        let (times, rest) = (of(Binary::FloorDivide), of(Binary::Remainder));
        prop_assert_eq!(times * i128::from(right) + rest, i128::from(left));
        prop_assert!(rest == 0 || (rest < 0) == (right < 0));
    }
}

//! Letters that a keyboard marks later.

use super::tests::{check, letters};
use quarry_domain::FinalReason::{Cleared, Idle};

#[test]
fn an_empty_box_before_marked_letters_is_no_end() {
    check(&["resume", "", "résumé"], &[("résumé", Idle)]);
    // Other words with marks.
    check(&["anh", "", "ếch"], &[("anh", Cleared), ("ếch", Idle)]);
    check(&["bàn là", "", "bếp từ"], &[("bàn là", Cleared), ("bếp từ", Idle)]);
    // Marks of other scripts distinguish letters.
    check(&["かき", "", "がぎぐ"], &[("かき", Cleared), ("がぎぐ", Idle)]);
}

#[test]
fn dead_keys_show_their_mark_before_its_letter() {
    for texts in [
        &["M", "M¨", "Mü", "Mün", "München"][..],
        &["¨", "Ü", "Üb", "München"][3..],
        &["Mu", "Mu¨", "Mu", "M", "M¨", "Mü", "München"],
    ] {
        check(texts, &[("München", Idle)]);
    }
    check(&["k", "k¨", "kü", "küche"], &[("küche", Idle)]);
    check(&["´", "é", "étui"], &[("étui", Idle)]);
    check(&["m", "m^", "mê", "même"], &[("même", Idle)]);
    check(&["s", "s´", "só", "sót"], &[("sót", Idle)]);
    check(&["κ", "κ΄", "κή", "κήπος"], &[("κήπος", Idle)]);
    check(&letters("año"), &[("año", Idle)]);
}

//! Texts that an input method composes.

use super::continuing::composed;

/// The states of a composition after 200 ms each, and then the committed text.
fn committed(states: &str, text: &str) -> Vec<String> {
    let states: Vec<String> = states.split(' ').map(|state| format!("{state}~")).collect();
    let mut timed: Vec<(i64, &str)> = states.iter().map(|state| (200, state.as_str())).collect();
    timed.push((200, text));
    composed(&timed)
}

#[test]
fn keys_of_an_input_method_are_no_searches() {
    for (states, text) in [
        // Full-width letters.
        ("ｎ ね ねｋ ねこ", "猫"),
        ("ｈ ほ ほｎ ほん ほんｄ ほんだ ほんだな", "本棚"),
        ("ｋ ｋｙ きょ きょｕ きょう", "今日"),
        // Marks after the kana, small kana, and keys that are pressed again.
        ("さ ざ ざっ ざっし", "雑誌"),
        ("ほ ぼ ぼう ぼうし", "帽子"),
        ("か き く け け けし けしこ けしご けしごむ", "消しゴム"),
        ("は ひ ふ ふて ふで", "筆"),
        ("た ち ちや ちゃ", "茶"),
        // Strokes.
        ("㇐ ㇐㇑ ㇐㇑㇒ ㇐㇑㇒㇏", "木"),
        ("木㇐ 木㇐㇑", "木工"),
        // Letters that spell marks.
        ("b ba baa baan baanf", "bần"),
        ("d dd ddo ddoof", "đồ"),
        ("n no no6 no65i", "nội"),
    ] {
        assert_eq!(committed(states, text), [text], "{states}");
        let words: Vec<(i64, String)> =
            states.split(' ').chain([text]).map(|state| (200, format!("{state}~"))).collect();
        let words: Vec<(i64, &str)> = words.iter().map(|(after, text)| (*after, text.as_str())).collect();
        assert_eq!(composed(&words), [text], "{states}");
    }
}

#[test]
fn composed_words_that_were_read_and_replaced_are_searches() {
    for (first, second) in [
        ("green tea", "milk jug"),
        ("monitor", "rug"),
        ("sofa", "lamp"),
        ("áo len", "giày"),
        ("桌子", "椅子"),
        ("かばん", "ぼうし"),
        ("가방", "신발"),
        ("стол", "лампа"),
    ] {
        for after in [2_500, 4_000, 8_000, 20_000] {
            let marked = [format!("{first}~"), format!("{second}~")];
            assert_eq!(composed(&[(0, &marked[0]), (after, &marked[1])]), [first, second], "{after}");
            assert_eq!(composed(&[(0, &marked[0]), (after, second)]), [first, second], "{after}");
        }
    }
    // Converted after a pause.
    for (first, second) in [("nihao~", "你好"), ("ねこ~", "猫"), ("tieengs~", "tiếng"), ("namaste~", "नमस्ते")]
    {
        assert_eq!(composed(&[(0, first), (8_000, second)]), [second]);
    }
}

//! Scripts without spaces, and letters that look the same.

use super::super::engines::{Engines, on_each_engine};

on_each_engine!(
    unspaced_text_is_found_at_every_prefix_and_in_the_middle,
    variants_of_letters_match,
    umlauts_may_be_spelled_out,
    typed_accents_rank_their_own_spelling_first,
);

/// Each prefix of an unspaced text finds it, from the first character on.
async fn unspaced_text_is_found_at_every_prefix_and_in_the_middle(engines: &Engines) {
    let texts = [
        "京都の古い寺を歩く旅",
        "新しいスマートフォンケースを買う",
        "我们明天去北京大学图书馆",
        "เขากำลังกินข้าวที่บ้าน",
        "ကျွန်တော်စာဖတ်သည်",
        "ខ្ញុំចង់ទៅសាលារៀន",
        "ຂ້ອຍມັກອ່ານປຶ້ມ",
        "서울대학교 도서관에서",
        "iPhone用ケースと充電器",
        "เครื่องดูดฝุ่นไร้สาย",
        "เเปรงสีฟันท่ีนุ่ม",
        "មណ្ឌលគិរីស្អាត",
        "မန္တလေးဈေး",
        "ﾊﾞｽﾀｵﾙ売り場",
    ];
    let shelf = engines.of(&texts).await;
    for (at, text) in texts.iter().enumerate() {
        for (end, c) in text.char_indices() {
            let prefix = &text[..end + c.len_utf8()];
            assert!(shelf.found_without_typos(prefix).await.contains(&at), "{prefix}");
        }
    }
    for (text, middle) in [
        (0, "古い寺"),
        (1, "ケース"),
        (1, "フォン"),
        (2, "图书馆"),
        (2, "大学"),
        (3, "กินข้าว"),
        (7, "대학교"),
        (7, "도서관"),
        (8, "充電"),
    ] {
        shelf.each_finds(text, &[middle]).await;
    }
}

async fn variants_of_letters_match(engines: &Engines) {
    let shelf =
        engines.of(&["我爱中國菜", "東京の夜", "کتاب خوب", "ذهب على مهل", "المدرسة الجديدة", "فارسی"]).await;
    shelf.each_finds(0, &["中国", "中國"]).await;
    shelf.each_finds(1, &["东京", "東京"]).await;
    shelf.each_finds(2, &["كتاب"]).await;
    shelf.each_finds(3, &["علي"]).await;
    shelf.each_finds(4, &["المدرسه"]).await;
    shelf.each_finds(5, &["فارسي"]).await;
}

async fn umlauts_may_be_spelled_out(engines: &Engines) {
    let shelf =
        engines.of(&["Jürgen Müller aus Köln", "Juergen Mueller", "en øl på Ærø", "poet and pot"]).await;
    for query in ["müller", "mueller", "muell", "jürgen"] {
        let mut found = shelf.found(query).await;
        found.sort_unstable();
        assert_eq!(found, [0, 1], "{query}");
    }
    shelf.each_finds(0, &["koeln", "köln", "koln"]).await;
    shelf.each_finds(2, &["oel"]).await;
}

async fn typed_accents_rank_their_own_spelling_first(engines: &Engines) {
    let shelf = engines.of(&["ban duong", "bán đường", "Bạn Dương", "resume", "résumé"]).await;
    assert_eq!(shelf.found("đường").await[0], 1);
    assert_eq!(shelf.found("résumé").await[0], 4);
}

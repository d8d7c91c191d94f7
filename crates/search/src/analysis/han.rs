//! Variants of Han characters: simplified, traditional, Japanese.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use irg_kvariants::KVARIANTS;

/// Japanese variants that the tables of the crates lack, each with the traditional form.
const SHINJITAI: &str = "圧壓囲圍壱壹駅驛円圓塩鹽応應仮假缶罐犠犧拠據芸藝県縣広廣効效賛贊釈釋処處畳疊瀬瀨対對択擇沢澤\
    庁廳勅敕逓遞転轉伝傳闘鬪弐貳拝拜浜濱払拂仏佛辺邊豊豐褒襃翻飜訳譯予豫頼賴両兩塁壘錬鍊弁辯壷壺﨑崎";

/// The ranges with variants.
const HAN: [std::ops::RangeInclusive<char>; 3] =
    ['\u{3400}'..='\u{9FFF}', '\u{F900}'..='\u{FAFF}', '\u{20000}'..='\u{3FFFD}'];

static REPRESENTATIVES: LazyLock<HashMap<char, char>> = LazyLock::new(representatives);

/// Returns the character that stands for all variants of a Han character.
pub(super) fn representative(c: char) -> char {
    if HAN.iter().any(|range| range.contains(&c)) { REPRESENTATIVES.get(&c).copied().unwrap_or(c) } else { c }
}

/// Joins the variants of each character, since the tables agree on no common form.
fn representatives() -> HashMap<char, char> {
    let simplified = |c: char| fast2s::convert(c.encode_utf8(&mut [0; 4])).chars().next();
    let pairs = HAN.into_iter().flatten().filter_map(|c| Some((c, simplified(c)?)));
    let pairs: Vec<(char, char)> = pairs.filter(|(c, simplified)| c != simplified).collect();
    let mut classes = Classes {
        parents: HashMap::new(),
        common: pairs.iter().map(|&(_, simplified)| simplified).collect(),
    };
    for (c, simplified) in pairs {
        classes.join(c, simplified);
    }
    let mut variants: Vec<_> =
        KVARIANTS.iter().map(|(&c, variant)| (c, variant.destination_ideograph)).collect();
    variants.sort_unstable();
    for (c, variant) in variants {
        classes.join(c, variant);
    }
    let mut shinjitai = SHINJITAI.chars();
    while let (Some(simplified), Some(traditional)) = (shinjitai.next(), shinjitai.next()) {
        classes.join(simplified, traditional);
    }
    let members: Vec<char> = classes.parents.keys().copied().collect();
    members.into_iter().map(|c| (c, classes.root(c))).collect()
}

/// Disjoint sets of characters, each with its most common character as the root.
struct Classes {
    parents: HashMap<char, char>,
    /// Simplified characters, which are more common than their rare variants.
    common: HashSet<char>,
}

impl Classes {
    fn root(&mut self, c: char) -> char {
        let parent = *self.parents.entry(c).or_insert(c);
        if parent == c {
            return c;
        }
        let root = self.root(parent);
        self.parents.insert(c, root);
        root
    }

    fn join(&mut self, a: char, b: char) {
        let (a, b) = (self.root(a), self.root(b));
        let rank = |&c: &char| (!self.common.contains(&c), !('\u{4E00}'..='\u{9FFF}').contains(&c), c);
        let (root, other) = if rank(&a) <= rank(&b) { (a, b) } else { (b, a) };
        self.parents.insert(other, root);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_have_one_representative() {
        for (a, b) in [("東广发關体", "东廣發关體"), ("國気広芸沢", "国氣廣藝澤"), ("髮説鉄図", "发說铁圖")]
        {
            for (a, b) in a.chars().zip(b.chars()) {
                assert_eq!(representative(a), representative(b), "{a} {b}");
            }
        }
        for (a, b) in
            ["日曰", "己已", "人入", "大太", "未末"].map(|pair| (pair.chars().next(), pair.chars().nth(1)))
        {
            assert_ne!(a.map(representative), b.map(representative));
        }
        assert!(REPRESENTATIVES.values().all(|&root| representative(root) == root));
    }
}

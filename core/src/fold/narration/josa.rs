//! Korean particles: which form follows a word depends on whether it ends in a consonant when read aloud,
//! also when it is a number, a Latin letter or an English word.

/// A pair of forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Josa {
    /// 은/는.
    Topic,
    /// 이/가.
    Subject,
    /// 을/를.
    Object,
    /// 으로/로.
    To,
}

/// How a word ends when it is read aloud.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    Vowel,
    /// ㄹ: 으로 becomes 로 after it.
    L,
    Consonant,
}

/// The word with its particle.
pub(super) fn josa(word: &str, j: Josa) -> String {
    let ending = ending(word);
    let closed = ending != Ending::Vowel;
    let particle = match j {
        Josa::Topic if closed => "은",
        Josa::Topic => "는",
        Josa::Subject if closed => "이",
        Josa::Subject => "가",
        Josa::Object if closed => "을",
        Josa::Object => "를",
        Josa::To if ending == Ending::Consonant => "으로",
        Josa::To => "로",
    };
    format!("{word}{particle}")
}

fn ending(word: &str) -> Ending {
    // What stands in brackets at the end is passed over: "c1 (billing)" is read "c1".
    let word = word.split(['(', '{']).next().filter(|w| !w.is_empty()).unwrap_or(word);
    let word = word.trim_end_matches(|c: char| !c.is_alphanumeric());
    match word.chars().last() {
        Some(c @ '가'..='힣') => match (c as u32 - '가' as u32) % 28 {
            0 => Ending::Vowel,
            8 => Ending::L,
            _ => Ending::Consonant,
        },
        // 영, 일, 이, 삼, 사, 오, 육, 칠, 팔, 구; and 십, 백, 천, 만.
        Some('1' | '7' | '8') => Ending::L,
        Some('0' | '3' | '6') => Ending::Consonant,
        Some(c) if c.is_ascii_alphabetic() => latin(word),
        _ => Ending::Vowel,
    }
}

/// Letters one by one (ISR), or a word as Koreans write it down (checkout, 체크아웃).
fn latin(word: &str) -> Ending {
    let tail: Vec<char> = word.chars().rev().take_while(char::is_ascii_alphabetic).collect();
    let spelled = tail.len() <= 3 && tail.iter().all(char::is_ascii_uppercase) && !word.contains('_');
    let last = tail[0].to_ascii_lowercase();
    if spelled || tail.len() == 1 {
        return match last {
            'l' | 'r' => Ending::L,
            'm' | 'n' => Ending::Consonant,
            _ => Ending::Vowel,
        };
    }
    let before = tail[1].to_ascii_lowercase();
    let after_vowel = matches!(before, 'a' | 'e' | 'i' | 'o' | 'u');
    match last {
        'l' => Ending::L,
        'e' if before == 'l' => Ending::L,
        'm' | 'n' => Ending::Consonant,
        'g' if before == 'n' => Ending::Consonant,
        'e' if matches!(before, 'm' | 'n') => Ending::Consonant,
        'b' | 'c' | 'k' | 'p' | 't' if after_vowel => Ending::Consonant,
        _ => Ending::Vowel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particles_follow_the_sound() {
        let cases = [
            ("브로커", Josa::Topic, "브로커는"),
            ("오프셋", Josa::Object, "오프셋을"),
            ("브로커 1", Josa::Subject, "브로커 1이"),
            ("브로커 2", Josa::Subject, "브로커 2가"),
            ("브로커 3", Josa::Topic, "브로커 3은"),
            ("브로커 10", Josa::Topic, "브로커 10은"),
            ("오프셋 4", Josa::Object, "오프셋 4를"),
            ("오프셋 7", Josa::To, "오프셋 7로"),
            ("오프셋 6", Josa::To, "오프셋 6으로"),
            ("오프셋 5", Josa::To, "오프셋 5로"),
            ("pay-0", Josa::Topic, "pay-0은"),
            ("A", Josa::Object, "A를"),
            ("L", Josa::Object, "L을"),
            ("R", Josa::To, "R로"),
            ("A, B", Josa::Subject, "A, B가"),
            ("M", Josa::Subject, "M이"),
            ("ISR", Josa::Subject, "ISR이"),
            ("ELR", Josa::To, "ELR로"),
            ("HW", Josa::Topic, "HW는"),
            ("LEO", Josa::Object, "LEO를"),
            ("checkout", Josa::Subject, "checkout이"),
            ("billing", Josa::Topic, "billing은"),
            ("producer", Josa::Topic, "producer는"),
            ("acks=all", Josa::Object, "acks=all을"),
            ("TimeoutException", Josa::To, "TimeoutException으로"),
            ("REQUEST_TIMED_OUT", Josa::Object, "REQUEST_TIMED_OUT을"),
            ("NOT_LEADER_OR_FOLLOWER", Josa::Object, "NOT_LEADER_OR_FOLLOWER를"),
            ("NOT_ENOUGH_REPLICAS", Josa::To, "NOT_ENOUGH_REPLICAS로"),
            ("c1 (billing)", Josa::Topic, "c1 (billing)은"),
            ("ISR {1,2}", Josa::Object, "ISR {1,2}을"),
            ("A 외 4건", Josa::Object, "A 외 4건을"),
            ("길", Josa::To, "길로"),
            ("집", Josa::To, "집으로"),
        ];
        for (word, j, expected) in cases {
            assert_eq!(josa(word, j), expected);
        }
    }
}

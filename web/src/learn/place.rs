//! Where in a lesson one is, and its address.

/// A place in a lesson.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The question, the scene, recall cards.
    Intro,
    /// A step, from 0.
    Step(usize),
    /// The challenge.
    Challenge,
    /// Commands, cards, what the model leaves out.
    End,
}

impl Place {
    /// All places of a lesson with this many steps, in order.
    pub fn all(steps: usize) -> Vec<Place> {
        let mut all = vec![Place::Intro];
        all.extend((0..steps).map(Place::Step));
        all.extend([Place::Challenge, Place::End]);
        all
    }

    /// Its word in addresses.
    pub fn word(self) -> String {
        match self {
            Place::Intro => String::new(),
            Place::Step(i) => (i + 1).to_string(),
            Place::Challenge => "challenge".into(),
            Place::End => "end".into(),
        }
    }

    /// The place of a word; the intro for any other.
    pub fn of_word(word: &str, steps: usize) -> Place {
        Place::all(steps).into_iter().find(|p| p.word() == word).unwrap_or(Place::Intro)
    }

    /// Its address.
    pub fn address(self, lesson: &str) -> String {
        let word = self.word();
        if word.is_empty() { format!("#/learn/{lesson}") } else { format!("#/learn/{lesson}/{word}") }
    }

    /// The place after it.
    pub fn next(self, steps: usize) -> Option<Place> {
        let all = Place::all(steps);
        let i = all.iter().position(|p| *p == self)?;
        all.get(i + 1).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_addresses_and_an_order() {
        for p in Place::all(5) {
            assert_eq!(Place::of_word(&p.word(), 5), p);
        }
        assert_eq!(Place::of_word("9", 5), Place::Intro);
        assert_eq!(Place::Step(1).address("L11"), "#/learn/L11/2");
        assert_eq!(Place::Step(4).next(5), Some(Place::Challenge));
        assert_eq!(Place::End.next(5), None);
    }
}

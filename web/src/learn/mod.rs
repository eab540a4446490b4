//! The Learn door: which lesson is open, at which place, in which phase. No browser in here.

pub mod bench;
pub mod glossary;
pub mod open;
pub mod panel;
pub mod place;
pub mod progress;

use crate::i18n::Lang;
use crate::session::Session;
use glossary::Glossary;
use highwater_core::lesson::{IDS, Lesson, Source};
use highwater_core::order;
use open::Open;
use place::Place;
use progress::Progress;
use std::rc::Rc;

/// What a learner asks for.
#[derive(Clone, PartialEq, Debug)]
pub enum Ask {
    /// Choose the n-th option of the question that is open.
    Choose(usize),
    /// Commit to the choice and run; go on; skip to the end: whatever is next.
    Next,
    /// Straight to the end of the run.
    Skip,
    /// The step once more, from its beginning.
    Again,
    /// R19: the scene in which the prediction would have come true, on the stage; or the real one again.
    Belief,
    /// Judge what was done in the challenge.
    Check,
    /// One more hint.
    Hint,
    /// Show how the challenge is done.
    Solve,
}

/// The lessons, and the one that is open.
pub struct Learn {
    /// None before they are loaded.
    lessons: Vec<Rc<Lesson>>,
    /// The open one.
    pub open: Option<Open>,
    /// What was done so far.
    pub progress: Progress,
    /// What terms mean, in English and in Korean.
    glossaries: [Glossary; 2],
}

impl Learn {
    /// No lessons yet.
    pub fn new(progress: Progress) -> Self {
        Learn { lessons: Vec::new(), open: None, progress, glossaries: <[Glossary; 2]>::default() }
    }

    /// Where the shipped lessons lie, seen from the page: three files for each.
    pub fn files() -> Vec<String> {
        IDS.iter().flat_map(|id| ["json", "en.json", "ko.json"].map(|end| format!("./lessons/{id}.{end}"))).collect()
    }

    /// What terms mean in a language.
    pub fn glossary(&self, lang: Lang) -> &Glossary {
        &self.glossaries[usize::from(lang == Lang::Ko)]
    }

    /// Takes what terms mean in a language from the text of its file.
    pub fn take_words(&mut self, lang: Lang, text: &str) {
        self.glossaries[usize::from(lang == Lang::Ko)] = Glossary::read(text);
    }

    /// Takes the lessons from the texts of [`Learn::files`].
    pub fn take(&mut self, texts: &[String]) {
        let lessons = texts.as_chunks::<3>().0;
        let read = |(id, [data, en, ko]): (&&'static str, &[String; 3])| Lesson::read(Source { id, data, en, ko });
        // The tests check that every shipped lesson is sound; one that is not is not shown.
        self.lessons = IDS.iter().zip(lessons).map(read).filter_map(Result::ok).map(Rc::new).collect();
        order::sort_by_key(&mut self.lessons, |l| l.data.number);
    }

    /// The lessons, by number.
    pub fn lessons(&self) -> &[Rc<Lesson>] {
        &self.lessons
    }

    /// The lesson before the open one (-1) or after it (1).
    pub fn neighbour(&self, by: isize) -> Option<&Rc<Lesson>> {
        let open = self.open.as_ref()?;
        let i = self.lessons.iter().position(|l| l.id == open.lesson.id)?;
        self.lessons.get(i.checked_add_signed(by)?)
    }

    /// Recall cards for a lesson: those of the lessons two and five before it, as far as they are here.
    pub fn recall(&self, lesson: &Lesson) -> Vec<(Rc<Lesson>, String)> {
        let from = |back: u8| {
            let number = lesson.data.number.checked_sub(back)?;
            let l = self.lessons.iter().find(|l| l.data.number == number)?;
            Some((l.clone(), l.data.cards.first()?.clone()))
        };
        [2, 5].into_iter().filter_map(from).collect()
    }

    /// Goes where an address leads, `L11/2`. The session to show, if the stage shows another one from now on; false if
    /// there is no such place.
    pub fn go(&mut self, rest: &str) -> Option<Session> {
        let (id, place) = rest.split_once('/').unwrap_or((rest, ""));
        let Some(lesson) = self.lessons.iter().find(|l| l.id == id) else {
            self.open = None;
            return None;
        };
        let place = Place::of_word(place, lesson.data.steps.len());
        if self.open.as_ref().is_some_and(|o| o.lesson.id == id && o.place == place) {
            return None;
        }
        let (open, session) = Open::at(lesson.clone(), place)?;
        self.open = Some(open);
        Some(session)
    }

    /// Does what was asked for; the session may be replaced. The address to go to, if it leads elsewhere.
    pub fn update(&mut self, ask: Ask, session: &mut Session) -> Option<String> {
        let open = self.open.as_mut()?;
        open.update(ask, session, &mut self.progress)
    }

    /// Looks at how far the run has come. True if that changed what is to be read.
    pub fn tick(&mut self, session: &mut Session) -> bool {
        self.open.as_mut().is_some_and(|o| o.tick(session))
    }
}

#[cfg(test)]
mod tests;

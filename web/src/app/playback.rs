//! The loop that turns frames of the screen into frames of the app.

use gloo::render::{AnimationFrame, request_animation_frame};
use std::cell::RefCell;
use std::rc::{Rc, Weak};

/// A loop; it ends when this is dropped.
pub struct Playback {
    _handle: Rc<Loop>,
}

struct Loop {
    pending: RefCell<Option<AnimationFrame>>,
    each: Box<dyn Fn(f64)>,
}

impl Playback {
    /// Calls `each` with the time in ms, once a frame.
    pub fn start(each: impl Fn(f64) + 'static) -> Self {
        let handle = Rc::new(Loop { pending: RefCell::new(None), each: Box::new(each) });
        arm(&Rc::downgrade(&handle));
        Playback { _handle: handle }
    }
}

fn arm(weak: &Weak<Loop>) {
    let Some(this) = weak.upgrade() else { return };
    let next = weak.clone();
    let frame = request_animation_frame(move |ms| {
        if let Some(this) = next.upgrade() {
            (this.each)(ms);
            arm(&next);
        }
    });
    *this.pending.borrow_mut() = Some(frame);
}

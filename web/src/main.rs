//! Starts the Highwater app in the page.

fn main() {
    highwater_web::app::start();
}

//! Words of the Measure door. Names of system calls, configs and commands stay as they are.

use super::Lang;

texts! {
    /// Words of the Measure door.
    MeasureText;
    // ---- the frame
    tabs: "Scenes", "장면";
    tab_disk: "Disk", "디스크";
    tab_cache: "Page cache", "페이지 캐시";
    tab_copies: "Zero copy", "제로 카피";
    play: "Play", "재생";
    pause: "Pause", "일시 정지";
    back: "One step back", "한 단계 뒤로";
    forward: "One step on", "한 단계 앞으로";
    reset: "From the beginning", "처음부터";
    keys_hint: "Space plays, arrows step, R starts over, 1 to 3 choose a scene", "스페이스 재생, 화살표 한 단계, R 처음부터, 1~3 장면 선택";
    picture: "Picture", "그림";

    // ---- where figures come from
    presets: "Presets: nobody measured these here", "기본 모형값: 여기서 잰 값이 아닙니다";
    measured: "Measured", "측정값";
    incomplete: "The run was cut short", "측정이 중간에 끝났습니다";
    quick: "short run", "짧은 측정";
    open_file: "Open a measurement…", "측정 파일 열기…";
    open_hint: "Made by `highwater bench all --json mine.json`; drop it anywhere on this page. It stays in your browser.", "`highwater bench all --json mine.json`으로 만든 파일입니다. 이 화면 아무 데나 놓아도 됩니다. 파일은 브라우저 밖으로 나가지 않습니다.";
    how: "Your own machine, in 2 minutes:", "내 컴퓨터를 2분 안에 재려면:";
    how_then: "Then open mine.json here, or drop it on this page.", "그런 다음 mine.json을 여기서 열거나 이 화면에 놓으세요.";
    to_presets: "Back to presets", "기본 모형값으로";
    offered: "offered by this server", "이 서버가 제공";
    cant_read: "Can't read", "읽을 수 없는 파일";
    drop_here: "Drop the measurement file here", "측정 파일을 여기에 놓으세요";
    close: "Close", "닫기";
    doubts: "What to doubt", "의심할 점";
    virtual_machine: "virtual machine", "가상 머신";

    // ---- disk
    disk_title: "Does the order cost anything?", "순서가 정말 비쌀까?";
    disk_sub: "The same 24 requests to one file: one after the other, and all over the place.", "같은 파일에 같은 요청 24개: 차례대로, 그리고 여기저기.";
    device: "Disk", "디스크";
    block: "Request size", "요청 크기";
    d_page: "Kafka's design page (RAID-5)", "Kafka 설계 문서 (RAID-5)";
    d_hdd: "One 7200 rpm disk", "7200 rpm 디스크 한 개";
    d_sata: "SATA SSD", "SATA SSD";
    d_nvme: "NVMe SSD", "NVMe SSD";
    d_yours_read: "Yours, reading", "내 디스크, 읽기";
    d_yours_write: "Yours, writing", "내 디스크, 쓰기";
    illustrative: "illustrative", "예시값";
    claimed: "as the page says", "문서에 적힌 값";
    fitted: "model fitted to your measurement", "내 측정에 맞춘 모형";
    disk_and_copies: "The disk, or the way of a block", "디스크, 또는 블록이 가는 길";
    busy: "busy with other work", "다른 일로 바쁨";
    one_log: "One log", "로그 하나";
    only_writes: "Writing only", "쓰기만";
    writes_and_reads: "Writing, with a reader far behind", "쓰기, 그리고 많이 뒤처진 컨슈머의 읽기";
    bench_model: "What the model says", "모델의 수치";
    bench_both: "What the model says, and what was measured", "모델의 수치와 측정값";
    in_line: "in line", "차례대로";
    scattered: "scattered", "여기저기";
    access: "access", "접근";
    transfer: "transfer", "전송";
    request: "one request", "요청 하나";
    requests: "requests", "요청";
    file_offsets: "places in the file", "파일 안의 위치";
    slowed: "slowed down", "느리게 보기";
    sped: "sped up", "빠르게 보기";
    chart_presets: "Models say 13 to 367 times, two papers say far more; nobody measured here", "모형으로는 13~367배, 두 문서는 훨씬 더 크다. 여기서 잰 값은 아니다";
    chart_axis: "MB/s, log scale", "MB/s, 로그 눈금";
    linear: "linear", "순차";
    random: "random", "임의";
    read: "read", "읽기";
    write: "write", "쓰기";
    kafka_page: "Kafka's page", "Kafka 문서";
    kafka_note: "writes, 6 disks", "쓰기, 디스크 6개";
    jacobs: "Jacobs 2009", "제이컵스 2009";
    jacobs_note: "4-byte values", "4바이트 값";
    not_sizes: "1 MiB : 4 KiB", "1 MiB : 4 KiB";
    jacobs_says: "Jacobs, \"The Pathologies of Big Data\", fig. 3: single 4-byte values from a disk. Both references count small random pieces against a long linear run.", "제이컵스, \"The Pathologies of Big Data\" 그림 3: 디스크에서 4바이트 값 하나씩. 두 자료 모두 작은 임의 조각을 긴 순차 읽기·쓰기와 견줍니다.";
    parts_title: "Where model and measurement part", "모형과 측정이 갈라지는 곳";
    model: "model", "모형";
    agrees: "agrees", "일치";
    was_measured: "measured", "측정";
    parts: "parts", "갈라짐";
    no_disk: "This file has no disk figures. `highwater bench all` measures them.", "이 파일에는 디스크 측정값이 없습니다. `highwater bench all`로 잴 수 있습니다.";
    no_fit: "These figures fit no model: a 1 MiB request took no longer than one of 4 KiB, or a cell is missing.", "이 값에 맞는 모형이 없습니다. 1 MiB 요청이 4 KiB 요청보다 오래 걸리지 않았거나 빠진 칸이 있습니다.";

    // ---- page cache
    cache_title: "Who reads memory, who reads the disk?", "누가 메모리를 읽고 누가 디스크를 읽나?";
    cache_sub: "The end of one log. One block a second is written; memory holds 24 blocks, least recently used first out.", "로그 하나의 끝부분입니다. 1초에 한 블록씩 쓰고, 메모리에는 24블록만 들어갑니다. 오래 안 쓴 것부터 나갑니다.";
    row_disk: "disk", "디스크";
    producer: "producer", "프로듀서";
    tail: "tail consumer", "끝을 읽는 컨슈머";
    near: "8 s behind", "8초 뒤처진 컨슈머";
    catch_up: "far behind", "많이 뒤처진 컨슈머";
    catch_up_joins: "A reader far behind joins", "많이 뒤처진 컨슈머 참가";
    catch_up_leaves: "The reader far behind leaves", "뒤처진 컨슈머 퇴장";
    kill: "kill -9", "kill -9";
    kill_hint: "Kill the broker process. The page cache is the kernel's.", "브로커 프로세스를 강제 종료합니다. 페이지 캐시는 커널의 것입니다.";
    power: "Power cut", "전원 끊기";
    power_hint: "The machine loses power, and memory with it.", "서버 전원이 끊기고 메모리 내용이 사라집니다.";
    flush: "fsync", "fsync";
    flush_hint: "Write everything dirty to the disk now.", "더티 블록을 지금 모두 디스크에 씁니다.";
    window: "window W", "창 W";
    w_title: "W on a real broker", "실제 브로커의 W";
    w_sub: "How far behind may a consumer be and still read memory only? W = cache ÷ what flows in.", "컨슈머가 얼마나 뒤처져도 메모리만 읽을까요? W = 캐시 ÷ 들어오는 양";
    w_cache: "page cache, GiB", "페이지 캐시, GiB";
    w_in: "written, MB/s", "쓰는 양, MB/s";
    w_catch_up: "read by the one far behind, MB/s", "뒤처진 컨슈머가 읽는 양, MB/s";
    w_alone: "without", "없을 때";
    w_with: "with it", "있을 때";
    w_axis: "minutes", "분";
    w_rule: "However many consumers stay within W: one write to disk, no read from it.", "W 안에 있는 컨슈머가 몇이든 디스크 쓰기는 한 번, 읽기는 0번입니다.";
    w_example: "Example: 64 GiB of memory, 6 taken by the heap and others.", "예: 메모리 64 GiB, 힙 등이 6 GiB 사용.";
    w_yours: "Memory of the machine that was measured, less a heap of 6 GiB.", "측정한 컴퓨터의 메모리에서 힙 6 GiB를 뺀 값입니다.";

    // ---- copies
    copies_title: "What is \"zero\" in zero copy?", "제로 카피에서 무엇이 '0'인가?";
    copies_sub: "One block from disk to network. Zero is what the CPU copies, not what is copied.", "블록 하나가 디스크에서 네트워크까지. 0인 것은 복사 횟수가 아니라 CPU가 하는 복사입니다.";
    cold: "on disk", "디스크에만";
    cached: "in the page cache", "페이지 캐시에";
    block_is: "The block is", "블록 위치";
    tls: "TLS", "TLS";
    off: "off", "끔";
    on: "on", "켬";
    groups: "groups", "그룹";
    zone_user: "user space: the broker", "사용자 공간: 브로커";
    zone_kernel: "kernel", "커널";
    zone_device: "devices", "장치";
    p_disk: "disk", "디스크";
    p_cache: "page cache", "페이지 캐시";
    p_user: "buffer", "버퍼";
    p_cipher: "encrypted", "암호화됨";
    p_socket: "socket buffer", "소켓 버퍼";
    p_nic: "network card", "네트워크 카드";
    m_rw: "read + write", "read + write";
    m_sendfile: "sendfile", "sendfile";
    not_used: "Under TLS Kafka does not use sendfile: it reads, encrypts, writes.", "TLS에서 Kafka는 sendfile을 쓰지 않습니다. 읽고 암호화해서 씁니다.";
    c_calls: "system calls", "시스템 호출";
    c_switches: "mode switches", "모드 전환";
    c_encrypt: "encryption", "암호화";
    address_only: "address only", "주소만";
    ibm_title: "Published 2008, not measured here: transferTo was 1.8 to 3.5 times as fast", "2008년에 발표된 값(여기서 잰 값 아님): transferTo가 1.8~3.5배 빨랐다";
    ibm_note: "IBM, \"Efficient data transfer through zero copy\": Linux 2.6, reads of 4 KiB.", "IBM, \"Efficient data transfer through zero copy\": Linux 2.6, 4 KiB씩 읽기.";
    ibm_axis: "MB/s", "MB/s";
    copy_axis: "GiB/s from page cache to a socket, receiver discards", "페이지 캐시→소켓 GiB/s, 받는 쪽은 버림";
    cpu_per_gib: "At the end of a row: the sender's CPU seconds for each GiB.", "줄 끝: 보내는 쪽 CPU 초/GiB";
    loopback: "A loopback is not a network card: the receiver works on the same machine.", "루프백은 네트워크 카드가 아닙니다. 받는 쪽도 같은 컴퓨터에서 일합니다.";
    no_copy: "This file has no copy figures. `highwater bench all` measures them.", "이 파일에는 복사 측정값이 없습니다. `highwater bench all`로 잴 수 있습니다.";
}

impl Lang {
    /// The words of the Measure door.
    pub fn measure(self) -> &'static MeasureText {
        match self {
            Lang::En => MeasureText::EN,
            Lang::Ko => MeasureText::KO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_empty() {
        for lang in [Lang::En, Lang::Ko] {
            assert!(lang.measure().all().iter().all(|w| !w.trim().is_empty()));
        }
    }
}

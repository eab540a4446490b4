//! Words without blanks to fill in, side by side.

texts! {
    /// Words of the frame and of the cluster.
    Text;
    // ---- the frame
    door_play: "Play", "실험";
    door_measure: "Measure", "재어 보기";
    door_trial: "Trial", "시험";
    doors: "Doors", "화면";
    skip: "Skip to the controls", "조작부로 건너뛰기";
    switch_language: "한국어", "English";
    switch_language_hint: "Switch to Korean (L)", "영어로 바꾸기 (L)";
    theme_dark: "Dark colours", "어두운 화면";
    theme_light: "Light colours", "밝은 화면";
    help: "Help and keys", "도움말과 단축키";
    close: "Close", "닫기";
    got_it: "Got it", "알겠어요";

    // ---- the stage
    stage: "The cluster", "클러스터";
    controller: "Controller", "컨트롤러";
    sees: "sees", "파악한 브로커";
    metadata_offset: "metadata offset", "메타데이터 오프셋";
    broker: "broker", "브로커";
    producer: "producer", "프로듀서";
    group: "group", "그룹";
    leader: "leader", "리더";
    follower: "follower", "팔로워";
    no_leader: "no leader", "리더 없음";
    in_sync: "in sync", "동기화됨";
    out_of_sync: "out of the ISR", "ISR 밖";
    running: "running", "실행 중";
    crashed: "crashed", "비정상 종료";
    power_lost: "power cut", "전원 끊김";
    stopped: "stopped", "정지됨";
    stopping: "stopping", "정지하는 중";
    fenced: "fenced", "펜싱됨";
    starting: "starting", "시작하는 중";
    batch_waits: "waits", "대기";
    nothing_waits: "nothing waits", "대기 없음";
    in_flight: "in flight", "전송 중";
    retrying: "retrying", "재시도 대기";
    next_sequence: "next sequence", "다음 시퀀스";
    position: "position", "읽을 위치";
    committed: "committed", "커밋됨";
    buffer: "in hand", "처리 중";
    idle_member: "no partition left for it", "맡은 파티션 없음";
    more_left: "Partitions before these", "이전 파티션";
    more_right: "Partitions after these", "다음 파티션";

    // ---- acts
    acts: "Do to it", "할 수 있는 일";
    crash: "Crash", "강제 종료";
    crash_hint: "Kill the process (SIGKILL). Its page cache survives.", "프로세스를 강제로 종료합니다(SIGKILL). 페이지 캐시는 남습니다.";
    power_cut: "Power cut", "전원 끊기";
    power_cut_hint: "The machine loses power: what was not flushed is gone, and nobody is told.", "서버 전원이 끊깁니다. 디스크에 내리지 않은 데이터는 사라지고 아무에게도 알리지 않습니다.";
    stop: "Clean stop", "정상 종료";
    stop_hint: "Stop in order (SIGTERM): leadership moves first.", "순서대로 종료합니다(SIGTERM). 리더 역할을 먼저 넘깁니다.";
    stop_consumer_hint: "Stop in order (SIGTERM): it closes its consumer at the next poll() and leaves the group.", "순서대로 종료합니다(SIGTERM). 다음 poll()에서 컨슈머를 닫고 그룹에서 나갑니다.";
    start: "Start", "시작";
    start_hint: "Start the process again.", "프로세스를 다시 시작합니다.";
    send_record: "Send a record", "레코드 보내기";
    send_hint: "The application calls send() once, now.", "애플리케이션이 지금 send()를 한 번 호출합니다.";
    pause_process: "Pause 12 s", "12초 멈추기";
    pause_hint: "The process stands still, as in a long garbage collection: it hears and says nothing, while its peers go on.", "긴 GC처럼 프로세스가 멈춥니다. 아무것도 듣지도 말하지도 않고, 나머지는 계속 돌아갑니다.";
    stands_still: "stands still until", "이때까지 멈춤";
    slow_handler: "Slow handler", "느린 처리";
    slow_handler_hint: "The application needs two seconds for each record.", "애플리케이션이 레코드 하나를 처리하는 데 2초 걸립니다.";
    fast_handler: "Handler as before", "원래 속도로 처리";
    fast_handler_hint: "The application is as fast as the scenario says.", "애플리케이션이 시나리오대로 처리합니다.";
    poison: "Send a poison record", "독이 든 레코드 보내기";
    poison_hint: "Whoever handles it fails, and a supervisor starts the process again.", "이 레코드를 처리하면 애플리케이션이 죽고, 감독자가 다시 시작합니다.";
    k_crash: "crash what is selected, or start it", "선택한 것을 강제 종료하거나 시작";
    k_pause: "pause what is selected", "선택한 것을 멈추기";
    links: "Links", "네트워크 연결";
    run_settings: "This run", "이번 실행";
    new_run_hint: "Changing this starts a new run with the same seed.", "값을 바꾸면 같은 시드로 새로 실행합니다.";

    // ---- inspector
    tab_inspector: "Inspector", "살펴보기";
    tab_events: "Events", "이벤트";
    nothing_selected: "The run", "실행 개요";
    nothing_selected_hint: "Select a broker, a record, a message or an event to look into it.", "브로커, 레코드, 메시지, 이벤트를 선택하면 자세히 볼 수 있습니다.";
    back_to_run: "Back to the run", "실행 개요로";
    state: "State", "상태";
    configs: "Configs", "설정";
    default_word: "default", "기본값";
    why: "Why", "왜?";
    why_lost: "Why were records lost?", "왜 레코드가 손실되었나요?";
    records: "Records", "레코드";
    on_the_wire: "On the wire", "전송 중인 메시지";
    wire_empty: "Nothing but idle asks.", "빈 요청 말고는 없습니다.";
    gone: "It has arrived, or was dropped.", "이미 도착했거나 버려졌습니다.";
    no_record: "There is no record at this offset any more.", "이 오프셋에는 이제 레코드가 없습니다.";
    high_watermark: "high watermark (HW)", "하이 워터마크(HW)";
    isr: "ISR", "ISR";
    elr: "ELR", "ELR";
    replicas: "replicas", "복제본";
    leader_epoch: "leader epoch", "리더 에포크";
    partition_epoch: "partition epoch", "파티션 에포크";
    broker_epoch: "broker epoch", "브로커 에포크";
    followers_known: "followers, as known", "리더가 아는 팔로워 LEO";
    unflushed: "not flushed yet", "디스크에 내리지 않음";
    as_seen: "as the controller sees it", "컨트롤러가 보는 상태";
    partition: "partition", "파티션";
    offset: "offset", "오프셋";
    key: "key", "키";
    no_key: "none", "없음";
    batch: "batch", "배치";
    sequence: "sequence", "시퀀스";
    visible_word: "visible", "보임";
    not_visible: "not yet", "아직 아님";
    acked_word: "acknowledged", "확인 응답됨";
    yes: "yes", "예";
    no: "no", "아니요";
    copies_on: "on brokers", "저장된 브로커";
    from: "from", "보낸 곳";
    to: "to", "받는 곳";
    sent_at: "sent at", "보낸 시각";
    due_at: "arrives at", "도착 시각";
    carries: "carries", "내용";
    records_given: "records given", "받은 레코드";
    batches_made: "batches made", "만든 배치";
    known_leader: "believes the leader is", "알고 있는 리더";
    up_word: "process", "프로세스";
    lag: "lag", "랙";
    kafka_release: "rules of Kafka", "Kafka 규칙 버전";
    seed: "seed", "시드";
    trace: "trace hash", "트레이스 해시";
    network_delay: "network delay", "네트워크 지연";

    // ---- ledger
    ledger: "Truth ledger", "진실 장부";
    l_sent: "sent", "보냄";
    l_acked: "acked", "확인됨";
    l_in_log: "in log", "로그";
    l_visible: "visible", "보임";
    l_delivered: "delivered", "전달";
    l_effects: "effects", "처리";
    l_lost: "lost", "손실";
    l_duplicated: "duplicated", "중복";
    l_out_of_order: "out of order", "순서 어긋남";
    h_sent: "Records that applications handed to their producer.", "애플리케이션이 프로듀서에 넘긴 레코드 수입니다.";
    h_acked: "Records that a producer got an offset for. This is what Kafka promised to keep. With acks=0 nothing is promised.", "프로듀서가 오프셋을 받은 레코드 수입니다. Kafka가 지키겠다고 약속한 것입니다. acks=0이면 약속이 없습니다.";
    h_in_log: "Records in the log of the broker that became leader last.", "마지막으로 리더가 된 브로커의 로그에 있는 레코드 수입니다.";
    h_visible: "Of those, below the high watermark: consumers can read them.", "그중 하이 워터마크 아래에 있어 컨슈머가 읽을 수 있는 레코드 수입니다.";
    h_delivered: "Records that poll() returned, counted each time.", "poll()이 돌려준 레코드 수입니다. 매번 셉니다.";
    h_effects: "Records that the reading application finished with, counted each time.", "읽는 애플리케이션이 처리를 마친 레코드 수입니다. 매번 셉니다.";
    h_lost: "Acknowledged, but not in the log of the leader: a broken promise.", "확인 응답을 받았지만 리더의 로그에 없습니다. 지키지 못한 약속입니다.";
    h_duplicated: "Further copies of a record in the log.", "로그에 한 번 더 저장된 같은 레코드 수입니다.";
    h_out_of_order: "Records that stand in the log after a later one of the same key.", "같은 키의 나중 레코드보다 뒤에 저장된 레코드 수입니다.";

    // ---- lights
    lights: "Invariants", "불변 조건";
    holds: "holds", "지켜짐";
    broken: "broken", "깨짐";
    suspended: "not promised after these faults", "이런 장애 뒤에는 약속되지 않음";

    // ---- time
    transport: "Time", "시간";
    play: "Play", "재생";
    pause: "Pause", "일시 정지";
    step_back: "One event back", "한 이벤트 뒤로";
    step_forward: "To the next event", "다음 이벤트로";
    reset: "Back to the beginning", "처음으로";
    speed: "Speed", "속도";
    speed_auto: "Auto", "자동";
    speed_auto_hint: "Slow while something happens, quick through quiet stretches", "일이 생기면 느리게, 조용하면 빠르게";
    scrubber: "Timeline", "타임라인";
    clock: "Time of the run", "실행 시각";
    run_over: "The run is over.", "실행이 끝났습니다.";
    before_that: "Before that:", "그 전:";
    not_begun: "Nothing has happened yet. Press play.", "아직 아무 일도 없습니다. 재생을 누르세요.";
    no_events: "Nothing yet.", "아직 없습니다.";
    events_hint: "Select an event to see why it happened.", "이벤트를 선택하면 이유를 볼 수 있습니다.";
    go_there: "Go to this moment", "이 시점으로 가기";
    branch_made: "You changed the past: from here, time runs anew.", "과거를 바꾸었습니다. 여기부터 시간이 새로 흐릅니다.";

    // ---- coach, help
    coach_title: "Start here", "여기서 시작하세요";
    coach_play: "Press play, then crash the leader.", "재생을 누른 다음 리더를 강제 종료해 보세요.";
    coach_crash: "Now crash the leader, and watch who takes over.", "이제 리더를 강제 종료하고 누가 이어받는지 보세요.";
    help_title: "Help", "도움말";
    help_keys: "Keys", "단축키";
    help_read: "How to read the picture", "그림 읽는 법";
    k_space: "play or pause", "재생 또는 일시 정지";
    k_right: "to the next event", "다음 이벤트로";
    k_left: "one event back", "한 이벤트 뒤로";
    k_reset: "back to the beginning", "처음으로";
    k_door: "to the next door", "다음 화면으로";
    k_lang: "switch language", "언어 바꾸기";
    k_theme: "light or dark", "밝게 또는 어둡게";
    k_help: "this help", "도움말";
    k_escape: "close, or deselect", "닫기 또는 선택 해제";
    k_tab: "move through everything", "모든 항목으로 이동";
    k_broker: "select a broker", "브로커 선택";
    read_tape: "Each row is a replica: its log, one cell a record. Replicas of one partition stand under each other with offsets aligned.", "한 줄이 복제본 하나의 로그이고, 한 칸이 레코드 하나입니다. 같은 파티션의 복제본은 오프셋을 맞춰 위아래로 놓입니다.";
    read_leader: "Blue cells: the leader. Grey: a follower. Dashed: out of the in-sync replicas (ISR). Hatched: the broker is down.", "파란 칸은 리더, 회색은 팔로워입니다. 점선은 ISR 밖, 빗금은 내려간 브로커입니다.";
    read_tide: "The green line is the high watermark. Below it, to the left, records are committed: every in-sync replica has them, consumers can read them.", "초록 선은 하이 워터마크입니다. 선 왼쪽의 레코드는 커밋된 것입니다. 모든 ISR 복제본이 갖고 있고 컨슈머가 읽을 수 있습니다.";
    read_token: "Tokens are messages. Their shape, letter and colour follow the record's key. A hollow one is an acknowledgement coming back.", "움직이는 도형은 메시지입니다. 모양, 글자, 색은 레코드의 키를 따릅니다. 속이 빈 것은 돌아오는 확인 응답입니다.";
    read_pennant: "A small flag on the leader's tape is where a group has committed.", "리더 로그 아래의 작은 깃발은 그룹이 커밋한 위치입니다.";
    read_model: "This is a simulation of Kafka's rules in virtual time, not a real cluster: the same seed always gives the same run.", "이것은 실제 클러스터가 아니라 가상 시간에서 Kafka 규칙을 실행하는 시뮬레이션입니다. 같은 시드는 늘 같은 실행이 됩니다.";
    not_affiliated: "Apache Kafka is a trademark of the Apache Software Foundation. Highwater is not affiliated with it.", "Apache Kafka는 Apache Software Foundation의 상표입니다. Highwater는 재단과 관계가 없습니다.";
    canvas_label: "Picture of the cluster; its contents are also in the cards, the inspector and the event list.", "클러스터 그림입니다. 내용은 카드, 살펴보기, 이벤트 목록에서도 읽을 수 있습니다.";
}
